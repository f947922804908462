// Containers come to their end with a runtime that does not do its part: one that hangs, fails, or talks nonsense.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { NotFoundError, Runtime, RuntimeError, TimeLimitError } from '../../src/manager/index.ts';
import { identifyProcess } from '../../src/manager/processes.ts';
import { makeFolder, makeGate, openGate } from '../fixtures/monitored.ts';
import { makeSickRuntime } from '../fixtures/sick-runtime.ts';
import { hangMs, until } from '../fixtures/waiting.ts';
import {
  type Conmon,
  conmons,
  makeManager,
  makeShellBundle,
  ociRuntime,
  runContainer,
} from './manager-harness.ts';

/** For a runtime that does not answer anyway. */
const patienceMs = 400;

const hang = 'exec sleep 1000';
const fail = 'echo sick >&2; exit 1';

const stateFaults: Readonly<Record<string, string>> = {
  hangs: hang,
  fails: fail,
  'prints no JSON': 'echo nonsense; exit 0',
  'prints an unknown status': `echo '{"status":"bewildered"}'; exit 0`,
  'prints 100 MB': 'exec head -c 100000000 /dev/zero',
  'knows nothing': 'echo "container does not exist" >&2; exit 1',
};

const killFaults: Readonly<Record<string, string>> = { hangs: hang, fails: fail, lies: 'exit 0' };

const heedful = 'trap "exit 9" TERM; echo ready; sleep 1000 & wait';
const deaf = 'trap "" TERM; echo ready; sleep 1000 & wait';

for (const conmon of conmons)
  describe(`manager with a sick runtime over ${conmon.name}`, () => {
    test('stop: whatever state answers, the polite signal comes, and the error tells how the container ended', async t => {
      const { healthy, over } = makePair(t, conmon);
      const gate = makeGate(t);
      const faults = {
        ...stateFaults,
        'leaves behind what holds its output': `setsid cat '${gate}' & exit 1`,
      };
      const stops = Object.entries(faults).map(async ([fault, line], index) => {
        const id = `state-${index}`;
        await runReady(t, healthy, id, heedful);
        if (fault === 'knows nothing')
          assert.equal((await over({ state: line }, hangMs).stop(id)).exitCode, 9, fault);
        else await assert.rejects(over({ state: line }).stop(id), tellsOfEnd(id, 9), fault);
        assert.equal((await healthy.wait(id)).exitCode, 9, fault);
      });
      await Promise.all(stops);
      openGate(gate);
    });

    test('stop: whatever kill does, both signals come', async t => {
      const { healthy, over } = makePair(t, conmon);
      const stop = async (name: string, line: string, script: string, exitCode: number) => {
        await runReady(t, healthy, name, script);
        const timeoutMs = script === deaf ? 50 : hangMs;
        assert.equal((await over({ kill: line }, hangMs).stop(name, { timeoutMs })).exitCode, exitCode, name);
      };
      await Promise.all([
        ...Object.entries(killFaults).map(([fault, line]) => stop(`${fault}-deaf`, line, deaf, 137)),
        ...['hangs', 'fails'].map(fault => stop(`${fault}-heedful`, killFaults[fault]!, heedful, 9)),
      ]);
    });

    test('stop: it waits until the runtime says stopped', async t => {
      const { healthy, over } = makePair(t, conmon);
      const asked = join(makeFolder(t), 'asked');
      const line = `echo >> '${asked}'; [ $(wc -l < '${asked}') -ge 5 ] || { echo '{"status":"running"}'; exit 0; }`;
      await runReady(t, healthy, 'late', heedful);
      assert.equal((await over({ state: line }, hangMs).stop('late')).exitCode, 9);
      assert.ok(readFileSync(asked, 'utf8').length >= 5);
    });

    // hostrun has no cgroup: none to freeze, and none to find the others by.
    if (ociRuntime === 'runc') {
      test('stop: a paused container is thawed to act on its signal, whatever state and resume do', async t => {
        const { healthy, over } = makePair(t, conmon);
        const faults = [{}, { resume: fail }, { resume: hang }, { state: fail, resume: 'exit 1' }];
        const stops = faults.map(async (fault, index) => {
          const id = `paused-${index}`;
          await runReady(t, healthy, id, heedful);
          await healthy.pause(id);
          await over(fault).stop(id, { timeoutMs: hangMs }).catch(tellsOfEnd(id, 9));
          assert.equal((await healthy.wait(id)).exitCode, 9, JSON.stringify(fault));
        });
        await Promise.all(stops);
      });

      test('stop: without a PID namespace of its own nothing is left, though kill and ps fail', async t => {
        const { healthy, over } = makePair(t, conmon);
        const script = 'trap "exit 9" TERM; trap "" HUP; sleep 1000 & echo $!; wait';
        const bundle = makeShellBundle(t, script, { namespaces: ['ipc', 'uts', 'mount'] });
        await runContainer(healthy, 'shared', bundle);
        const other = Number(await readLine(healthy, 'shared'));
        assert.ok(identifyProcess(other));
        assert.equal((await over({ kill: fail, ps: fail }, hangMs).stop('shared')).exitCode, 9);
        assert.equal(identifyProcess(other), undefined);
      });
    }

    test('stop: one that is being created is stopped once it is there, or not found where that fails', async t => {
      const { healthy, over } = makePair(t, conmon);
      for (const [end, outcome] of [
        ['', 'created'],
        [fail, 'failed'],
      ] as const) {
        const [reached, gate] = [join(makeFolder(t), 'reached'), makeGate(t)];
        const slow = over({ create: `: > '${reached}'; read go < '${gate}'; ${end}` }, hangMs);
        const creation = slow.create(outcome, { bundle: makeShellBundle(t, heedful), timeLimitMs: hangMs });
        creation.catch(() => {});
        await until('the runtime to create', () => existsSync(reached));
        // Of the creator, and of another process: this one knows of the creation by its records alone.
        const stops = [slow, healthy].map(runtime => runtime.stop(outcome, { timeLimitMs: hangMs }));
        for (const stop of stops) stop.catch(() => {});
        openGate(gate);
        if (outcome === 'failed') {
          await assert.rejects(creation, RuntimeError);
          for (const stop of stops) await assert.rejects(stop, NotFoundError);
        } else {
          await creation;
          await Promise.all(stops);
          assert.equal((await healthy.state(outcome)).status, 'stopped');
        }
      }
    });
  });

/** A library over the healthy runtime, and more over the same containers with a sick one. */
function makePair(t: TestContext, conmon: Conmon) {
  const healthy = makeManager(t, conmon);
  const over = (faults: Readonly<Record<string, string>>, timeLimitMs = patienceMs) =>
    new Runtime({
      root: healthy.root,
      runtime: makeSickRuntime(t, ociRuntime, faults),
      conmon: conmon.path,
      timeLimitMs,
    });
  return { healthy, over };
}

/** Runs a shell script to the point where it has said `ready`. */
async function runReady(t: TestContext, runtime: Runtime, id: string, script: string): Promise<void> {
  await runContainer(runtime, id, makeShellBundle(t, script));
  assert.equal(await readLine(runtime, id), 'ready');
}

async function readLine(runtime: Runtime, id: string): Promise<string> {
  for await (const { data } of runtime.logs(id, { follow: true })) return data.toString();
  return assert.fail('it says nothing');
}

function tellsOfEnd(id: string, exitCode: number) {
  return (error: unknown): true => {
    assert.ok(error instanceof RuntimeError || error instanceof TimeLimitError, String(error));
    const begin = `container ${id} has ended (exit code ${exitCode}), but the runtime does not say so: `;
    assert.ok(error.message.startsWith(begin), error.message);
    return true;
  };
}
