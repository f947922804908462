// A manager killed at any moment: what it had begun is found again by the next one, and no exit code is lost.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerState, type Runtime, RuntimeError, StateError } from '../../src/manager/index.ts';
import { type Conmon, conmons, makeManager, makeShellBundle, ociRuntime } from '../e2e/manager-harness.ts';
import { until } from '../fixtures/waiting.ts';

const kills = Number(process.env['MANAGER_KILLS'] ?? 100);
const fixtures = join(import.meta.dirname, '../fixtures');
const victim = join(fixtures, 'manager-victim.ts');

/** All of the victim's containers end with this; a code that was made up would be another. */
const exitCode = 37;

/** From before the first container to the second one. */
const latestKillMs = 900;

/** More changes to the directory of state than one container takes. */
const changesMax = 100;

for (const conmon of conmons)
  describe(`manager killed over ${conmon.name}`, () => {
    test(`at ${kills} random moments: no container is forgotten, no exit code is lost`, async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, `exit ${exitCode}`);
      for (let round = 0; round < kills; round++) {
        const delayMs = Math.random() * latestKillMs;
        const child = startManager(t, [victim, ...argue(runtime, conmon, bundle, round * 1000)]);
        await sleep(delayMs); // the moment of death is what is random here; nothing is waited for
        child.kill();
        const said = await child.said();
        await t.test(`killed after ${delayMs.toFixed(1)} ms`, () => checkWhatIsLeft(runtime, said));
      }
    });

    test('before each change that it makes: no container is forgotten, no exit code is lost', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, `exit ${exitCode}`);
      const killer = ['--import', join(fixtures, 'manager-killer.ts'), victim];
      const reached = new Set<string | undefined>();
      for (let change = 1; !reached.has('deleted'); change++) {
        assert.ok(change < changesMax);
        const args = [...killer, ...argue(runtime, conmon, bundle, change * 1000)];
        const child = startManager(t, args, { MANAGER_KILL_AT: String(change) });
        const said = await child.said();
        reached.add(said.at(-1)?.[0]);
        await t.test(`before change ${change}, after ${said.at(-1) ?? 'nothing'}`, () =>
          checkWhatIsLeft(runtime, said),
        );
      }
      assert.deepEqual(reached, new Set([undefined, 'created', 'exited', 'deleted']));
    });

    test('the naive way: what is in its memory is lost, what it writes in place is torn', async t => {
      const runtime = makeManager(t, conmon);
      const dir = mkdtempSync(join(tmpdir(), 'manager-naive-'));
      t.after(() => rmSync(dir, { recursive: true }));
      const store = join(dir, 'codes.json');
      const bundle = makeShellBundle(t, `exit ${exitCode}`);
      const killAfter = async (words: string, first: number) => {
        const args = argue(runtime, conmon, bundle, first);
        const child = startManager(t, [join(fixtures, 'manager-naive.ts'), ...args, store, words]);
        await child.says(words);
        child.kill();
        return (await child.said()).map(line => line.join(' '));
      };

      await killAfter('exited v1', 1);
      assert.equal((await killAfter('knows {}', 2)).at(-1), 'knows {}');
      await killAfter('stored v3', 3);
      await killAfter('emptied v4', 4);
      assert.throws(() => JSON.parse(readFileSync(store, 'utf8')), SyntaxError);

      // The library knows them all.
      for (const id of ['v1', 'v3', 'v4']) assert.equal((await runtime.state(id)).exitCode, exitCode);
    });
  });

function argue(runtime: Runtime, conmon: Conmon, bundle: string, first: number): string[] {
  return [runtime.root, conmon.path, ociRuntime, bundle, String(first)];
}

/** A process of a manager, and what it says, a line each. */
function startManager(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, args, { stdio: [...stdio], env: { ...process.env, ...env } });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', line => lines.push(line));
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]);
  return {
    kill: () => void child.kill('SIGKILL'),
    /** Resolves when it has said exactly that. */
    async says(words: string): Promise<void> {
      while (!lines.includes(words)) await once(reader, 'line');
    },
    /** Resolves when it is dead, with the words of each line. */
    async said(): Promise<readonly string[][]> {
      const [[, signal]] = await ended;
      assert.equal(signal, 'SIGKILL');
      return lines.map(line => line.split(' '));
    },
  };
}

async function checkWhatIsLeft(runtime: Runtime, said: readonly string[][]): Promise<void> {
  const found = await settle(runtime);
  const ids = found.map(({ id }) => id);
  // Nothing is in the runtime, and nowhere is a monitor, that the library does not know.
  for (const id of listInRuntime(runtime)) assert.ok(ids.includes(id), `${id} is forgotten`);
  // What the victim knew is still known, with the same exit code.
  for (const [what, id, code] of said) {
    const state = await runtime.state(id!);
    if (what !== 'created') assert.equal(state.exitCode, exitCode, `${id} after '${what}'`);
    if (what === 'exited') assert.equal(code, String(exitCode));
  }
  // Each container that it left can be started, waited for and deleted, as any other.
  for (const state of found) {
    const answered = said.some(([what, id]) => what === 'created' && id === state.id);
    if (state.status === 'created' && !state.deleting && !(await startOrFindStarted(runtime, state.id))) {
      assert.ok(!answered, `${state.id} has lost its monitor`);
      await runtime.delete(state.id, { force: true });
      continue;
    }
    const end = await runtime.wait(state.id);
    assert.equal(end.exitCode, exitCode, `${state.id} was ${state.status}`);
    await runtime.delete(state.id);
  }
  assert.deepEqual(await runtime.list(), []);
  assert.deepEqual(listInRuntime(runtime), []);
  await runtime.list(); // throws away what nobody owns
  for (const name of ['containers', 'incarnations'])
    assert.deepEqual(readNames(join(runtime.root, name)), []);
}

/** The victim's last call of the runtime outlives it, and may have been this one. False where the monitor is gone: C
 * conmon 2.1 ends when nobody reads its report, and then nobody had been told of the container. */
async function startOrFindStarted(runtime: Runtime, id: string): Promise<boolean> {
  try {
    await runtime.start(id);
  } catch (error) {
    if (error instanceof StateError) return false;
    assert.ok(error instanceof RuntimeError, String(error));
    assert.notEqual((await runtime.state(id)).status, 'created', error.message);
  }
  return true;
}

/** The states once no creation is under way any more: a monitor that was let go finishes what it began. */
async function settle(runtime: Runtime): Promise<ContainerState[]> {
  return until('the end of every creation', async () => {
    const states = await runtime.list();
    return states.every(({ status }) => status !== 'creating') && states;
  });
}

function listInRuntime(runtime: Runtime): string[] {
  return readNames(join(runtime.root, 'runtime'));
}

/** Empty where the victim died before there was a directory. */
function readNames(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
