// What a container uses, and the processes in it.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { NotFoundError, type Runtime, StateError } from '../../src/manager/index.ts';
import { until } from '../fixtures/waiting.ts';
import {
  conmons,
  hostrun,
  makeManager,
  makeShellBundle,
  ociRuntime,
  runContainer,
} from './manager-harness.ts';

/** A program with a child; both have something to show. */
const script = 'sleep 1000 & echo ready; wait';

for (const conmon of conmons)
  describe(`manager over ${conmon.name}`, () => {
    test('create: its state is that of a container that waits to be started', async t => {
      const runtime = makeManager(t, conmon);
      const created = await runtime.create('made', { bundle: makeShellBundle(t, 'exit 0') });
      assert.deepEqual(created, await runtime.state('made'));
      assert.partialDeepStrictEqual(created, { id: 'made', status: 'created', synthetic: false });
      assert.ok(created.pid && created.monitorPid);
    });

    test('processes: those of the container and of commands in it, and none once it has ended', async t => {
      const runtime = makeManager(t, conmon);
      await runReady(t, runtime, 'crowd');
      const session = await runtime.exec('crowd', { args: ['/bin/sleep', '1001'] });
      const lines = await until('the command', async () => {
        const found = (await runtime.processes('crowd')).map(({ args }) => args.join(' '));
        return found.some(line => line.endsWith('1001')) ? found : undefined;
      });
      assert.ok(lines.some(line => line.endsWith(script)));
      assert.ok(lines.some(line => line.endsWith('sleep 1000')));
      const first = (await runtime.processes('crowd')).find(({ args }) => args.includes(script))!;
      const { pid, monitorPid } = await runtime.state('crowd');
      assert.deepEqual([first.pid, first.parentPid, first.name], [pid, monitorPid, 'sh']);
      await runtime.stop('crowd', { timeoutMs: 0 });
      await session.ended;
      assert.deepEqual(await runtime.processes('crowd'), []);
      await assert.rejects(runtime.processes('nobody'), NotFoundError);
    });

    // hostrun has no cgroups.
    if (ociRuntime === 'runc')
      test('stats: what the container has used, also while a command runs in it, and not what others have', async t => {
        const runtime = makeManager(t, conmon);
        await runReady(t, runtime, 'busy', 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done;');
        const session = await runtime.exec('busy', { args: ['/bin/sleep', '1001'] });
        const { time, cpu, memory, pids } = await runtime.stats('busy');
        assert.ok(cpu && memory && pids);
        assert.ok(cpu.usageMs > 1 && cpu.usageMs < process.uptime() * 1000 * 1000);
        assert.ok(memory.usageBytes > 0 && memory.usageBytes < 2 ** 30);
        assert.ok(memory.workingSetBytes <= memory.usageBytes);
        assert.equal(pids.current, 3);
        assert.ok(time <= new Date());
        await runtime.update('busy', { memory: { limit: 2 ** 26 }, pids: { limit: 99 } });
        const limited = await runtime.stats('busy');
        assert.deepEqual([limited.memory?.limitBytes, limited.pids?.limit], [2 ** 26, 99]);
        assert.ok(limited.cpu!.usageMs >= cpu.usageMs);
        session.kill('SIGKILL');
        await session.ended;
      });

    test('stats, processes: a container without a cgroup to itself', async t => {
      const runtime = makeManager(t, conmon, { runtime: hostrun });
      await runReady(t, runtime, 'none');
      await assert.rejects(runtime.stats('none'), StateError);
      const all = await runtime.processes('none');
      assert.deepEqual(
        all.map(({ pid }) => pid === process.pid),
        [false, false],
      );
      await runtime.stop('none', { timeoutMs: 0 });
      assert.deepEqual(await runtime.processes('none'), []);
    });
  });

/** Runs the script, after `before`, to where its child has been started. */
async function runReady(t: TestContext, runtime: Runtime, id: string, before = ''): Promise<void> {
  await runContainer(runtime, id, makeShellBundle(t, `${before}${script}`));
  for await (const _ of runtime.logs(id, { follow: true })) break;
}
