// A manager killed at any moment: what it had begun is found again by the next one, and no exit code is lost.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerState, type Runtime, RuntimeError, StateError } from '../../src/manager/index.ts';
import { type Conmon, conmons, makeManager, makeShellBundle, ociRuntime } from '../e2e/manager-harness.ts';

const kills = Number(process.env.MANAGER_KILLS ?? 100);
const victim = join(import.meta.dirname, '../fixtures/manager-victim.ts');

/** All of the victim's containers end with this; a code that was made up would be another. */
const exitCode = 37;

/** From before the first container to the second one. */
const latestKillMs = 900;

for (const conmon of conmons)
  describe(`manager killed over ${conmon.name}`, () => {
    test(`at ${kills} random moments: no container is forgotten, no exit code is lost`, async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, `exit ${exitCode}`);
      for (let round = 0; round < kills; round++) {
        const delayMs = Math.random() * latestKillMs;
        const said = await runAndKill(t, runtime, conmon, bundle, round * 1000, delayMs);
        await t.test(`killed after ${delayMs.toFixed(1)} ms`, () => checkWhatIsLeft(runtime, said));
      }
    });
  });

async function runAndKill(
  t: TestContext,
  runtime: Runtime,
  conmon: Conmon,
  bundle: string,
  first: number,
  delayMs: number,
): Promise<readonly string[][]> {
  const args = [victim, runtime.root, conmon.path, ociRuntime, bundle, String(first)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const output = text(child.stdout);
  t.after(() => child.kill('SIGKILL'));
  await sleep(delayMs); // the moment of death is what is random here; nothing is waited for
  child.kill('SIGKILL');
  await exited;
  const lines = (await output).split('\n').slice(0, -1);
  return lines.map(line => line.split(' '));
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
  // What it left is as good as any other container.
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
  const left = readNames(join(runtime.root, 'containers')).filter(name => !name.startsWith('.'));
  assert.deepEqual(left, []);
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
  for (let tries = 0; tries < 500; tries++) {
    const states = await runtime.list();
    if (states.every(({ status }) => status !== 'creating')) return states;
    await sleep(20);
  }
  throw new Error('a creation never ends');
}

function listInRuntime(runtime: Runtime): string[] {
  return readNames(join(runtime.root, 'runtime'));
}

/** Empty where the victim died before there was a directory. */
function readNames(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
