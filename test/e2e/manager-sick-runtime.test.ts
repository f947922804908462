// Containers come to their end with a runtime that does not do its part: one that hangs, fails, or talks nonsense.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { NotFoundError, Runtime, RuntimeError, StateError, TimeLimitError } from '../../src/manager/index.ts';
import { identifyProcess } from '../../src/manager/processes/processes.ts';
import { type Faults, makeCurableRuntime } from '../fixtures/curable-runtime.ts';
import { makeFolder, makeGate, openGate } from '../fixtures/monitored.ts';
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

const stateFaults: Faults = {
  hangs: hang,
  fails: fail,
  'prints no JSON': 'echo nonsense; exit 0',
  'prints an unknown status': `echo '{"status":"bewildered"}'; exit 0`,
  'prints 100 MB': 'exec head -c 100000000 /dev/zero',
  'knows nothing': 'echo "container does not exist" >&2; exit 1',
};

const killFaults: Faults = { hangs: hang, fails: fail, lies: 'exit 0' };

const heedful = 'trap "exit 9" TERM; echo ready; sleep 1000 & wait';
const deaf = 'trap "" TERM; echo ready; sleep 1000 & wait';

for (const conmon of conmons)
  describe(`manager with a sick runtime over ${conmon.name}`, () => {
    test('stop: whatever state answers, the polite signal comes, and the error tells how the container ended', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      const gate = makeGate(t);
      const faults = {
        ...stateFaults,
        'leaves behind what holds its output': `setsid cat '${gate}' & exit 1`,
      };
      const stops = Object.entries(faults).map(async ([fault, line], index) => {
        const id = `state-${index}`;
        await runReady(t, healthy, id, heedful);
        const agrees = fault === 'knows nothing';
        const stop = whileSick(id, { state: line }, sick => sick.stop(id), agrees ? hangMs : patienceMs);
        if (agrees) assert.equal((await stop).exitCode, 9, fault);
        else await assert.rejects(stop, tellsOfEnd(id, 9), fault);
        assert.equal((await healthy.wait(id)).exitCode, 9, fault);
      });
      await Promise.all(stops);
      openGate(gate);
    });

    test('stop: whatever kill does, both signals come', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      const stop = async (name: string, line: string, script: string, exitCode: number) => {
        await runReady(t, healthy, name, script);
        const timeoutMs = script === deaf ? 50 : hangMs;
        const end = await whileSick(name, { kill: line }, sick => sick.stop(name, { timeoutMs }));
        assert.equal(end.exitCode, exitCode, name);
      };
      await Promise.all([
        ...Object.entries(killFaults).map(([fault, line]) => stop(`${fault}-deaf`, line, deaf, 137)),
        ...['hangs', 'fails'].map(fault => stop(`${fault}-heedful`, killFaults[fault]!, heedful, 9)),
      ]);
    });

    test('stop: it waits until the runtime says stopped', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      const asked = join(makeFolder(t), 'asked');
      const line = `echo >> '${asked}'; [ $(wc -l < '${asked}') -ge 5 ] || { echo '{"status":"running"}'; exit 0; }`;
      await runReady(t, healthy, 'late', heedful);
      assert.equal((await whileSick('late', { state: line }, sick => sick.stop('late'))).exitCode, 9);
      assert.ok(readFileSync(asked, 'utf8').length >= 5);
    });

    // hostrun has no cgroup: none to freeze, and none to find the others by.
    if (ociRuntime === 'runc') {
      test('stop: a paused container is thawed to act on its signal, whatever state and resume do', async t => {
        const { healthy, whileSick } = makePair(t, conmon);
        const faults: readonly Faults[] = [
          {},
          { resume: fail },
          { resume: hang },
          { state: fail, resume: 'exit 1' },
        ];
        const stops = faults.map(async (fault, index) => {
          const id = `paused-${index}`;
          await runReady(t, healthy, id, heedful);
          await healthy.pause(id);
          const stop = (sick: Runtime) => sick.stop(id, { timeoutMs: hangMs });
          await whileSick(id, fault, stop, patienceMs).catch(tellsOfEnd(id, 9));
          assert.equal((await healthy.wait(id)).exitCode, 9, JSON.stringify(fault));
        });
        await Promise.all(stops);
      });

      test('stop: without a PID namespace of its own nothing is left, though kill and ps fail', async t => {
        const { healthy, whileSick } = makePair(t, conmon);
        const script = 'trap "exit 9" TERM; trap "" HUP; sleep 1000 & echo $!; wait';
        const bundle = makeShellBundle(t, script, { namespaces: ['ipc', 'uts', 'mount'] });
        await runContainer(healthy, 'shared', bundle);
        const other = Number(await readLine(healthy, 'shared'));
        assert.ok(identifyProcess(other));
        const end = await whileSick('shared', { kill: fail, ps: fail }, sick => sick.stop('shared'));
        assert.equal(end.exitCode, 9);
        assert.equal(identifyProcess(other), undefined);
      });
    }

    test('delete: by force, whatever state answers', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      const deletions = Object.entries(stateFaults).map(async ([fault, line], index) => {
        const id = `state-${index}`;
        await runReady(t, healthy, id, deaf);
        await whileSick(id, { state: line }, sick => sick.delete(id, { force: true }));
        assert.equal((await healthy.state(id)).exitCode, 137, fault);
      });
      await Promise.all(deletions);
    });

    test('delete: by force, whatever delete does, nothing runs on, and it can be done again', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      const deletions = Object.entries({ hangs: hang, fails: fail }).map(async ([fault, line]) => {
        await runReady(t, healthy, fault, deaf);
        const { pid } = await healthy.state(fault);
        await assert.rejects(
          whileSick(fault, { delete: line }, sick => sick.delete(fault, { force: true }), patienceMs),
          error => error instanceof RuntimeError || error instanceof TimeLimitError,
        );
        assert.equal(identifyProcess(pid!), undefined);
        assert.equal((await healthy.state(fault)).deleting, true);
        await healthy.delete(fault);
        assert.equal((await healthy.state(fault)).exitCode, 137);
      });
      await Promise.all(deletions);
    });

    test('delete: one that runs is refused, though the runtime has forgotten it', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      await runReady(t, healthy, 'forgotten', heedful);
      const faults = { state: stateFaults['knows nothing']! };
      await assert.rejects(
        whileSick('forgotten', faults, sick => sick.delete('forgotten')),
        StateError,
      );
      assert.equal((await healthy.state('forgotten')).status, 'running');
    });

    test('stop: one that is being created is stopped once it is there, or not found where that fails', async t => {
      const { healthy, whileSick } = makePair(t, conmon);
      for (const [end, outcome] of [
        ['', 'created'],
        [fail, 'failed'],
      ] as const) {
        const [reached, gate] = [join(makeFolder(t), 'reached'), makeGate(t)];
        const create = `: > '${reached}'; read go < '${gate}'; ${end}`;
        await whileSick(outcome, { create }, async sick => {
          const creation = sick.create(outcome, { bundle: makeShellBundle(t, heedful), timeLimitMs: hangMs });
          creation.catch(() => {});
          await until('the runtime to create', () => existsSync(reached));
          // Of the creator, and of another process: this one knows of the creation by its records alone.
          const stops = [sick, healthy].map(runtime => runtime.stop(outcome, { timeLimitMs: hangMs }));
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
        });
      }
    });
  });

/** A library over a runtime that is healthy but for what is done `whileSick`, for one container and by another library,
 * which may have another time limit. */
function makePair(t: TestContext, conmon: Conmon) {
  const { path, infect, cure, remove } = makeCurableRuntime(ociRuntime);
  const options = { runtime: path, conmon: conmon.path };
  const healthy = makeManager(t, conmon, options);
  t.after(remove);
  const whileSick = async <T>(
    id: string,
    faults: Faults,
    work: (sick: Runtime) => Promise<T>,
    timeLimitMs = hangMs,
  ): Promise<T> => {
    infect(id, faults);
    try {
      return await work(new Runtime({ ...options, root: healthy.root, timeLimitMs }));
    } finally {
      cure(id);
    }
  };
  return { healthy, whileSick };
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
