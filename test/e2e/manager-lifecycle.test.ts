// A container's life through the library, over each conmon there is.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { NotFoundError, RuntimeError, StateError, TimeLimitError } from '../../src/manager/index.ts';
import { identifyProcess } from '../../src/manager/processes/processes.ts';
import { until } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

for (const conmon of conmons)
  describe(`manager over ${conmon.name}`, () => {
    test('a container: created, running, stopped and deleted, as state tells it', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'echo out; echo err >&2; exit 7');
      await runtime.create('life', { bundle, labels: { app: 'test' } });
      const created = await runtime.state('life');
      assert.equal(created.status, 'created');
      assert.equal(created.exitCode, undefined);
      assert.deepEqual(created.labels, { app: 'test' });
      assert.ok(existsSync(`/proc/${created.pid}`) && existsSync(`/proc/${created.monitorPid}`));
      await runtime.start('life');
      const exit = await runtime.wait('life');
      assert.equal(exit.exitCode, 7);
      const stopped = await runtime.state('life');
      assert.equal(stopped.status, 'stopped');
      assert.equal(stopped.exitCode, 7);
      assert.equal(stopped.pid, undefined);
      assert.ok(stopped.startedAt && stopped.finishedAt && stopped.startedAt <= stopped.finishedAt);
      assert.deepEqual(
        (await runtime.list()).map(({ id }) => id),
        ['life'],
      );
      await runtime.delete('life');
      assert.deepEqual(await runtime.list(), []);
      const kept = await runtime.state('life');
      assert.equal(kept.synthetic, true);
      assert.equal(kept.exitCode, 7);
      assert.equal((await runtime.wait('life')).exitCode, 7);
      await runtime.delete('life'); // again: a success
      assert.deepEqual(
        ['attach', 'ctl', 'winsz'].filter(name => existsSync(join(bundle, name))),
        [],
      );
    });

    test('start, kill, pause, resume: the runtime’s words and exit code come with the error', async t => {
      const runtime = makeManager(t, conmon);
      await assert.rejects(runtime.start('nobody'), NotFoundError);
      await runContainer(runtime, 'words', makeShellBundle(t, 'exit 0'));
      await runtime.wait('words');
      await assert.rejects(runtime.start('words'), (error: unknown) => {
        assert.ok(error instanceof RuntimeError);
        assert.equal(error.exitCode, 1);
        assert.ok(error.command.includes('start') && error.words.length > 0);
        assert.ok(error.stderr.includes(error.words.slice(0, 10)));
        return true;
      });
    });

    // hostrun has no cgroup to freeze.
    if (ociRuntime === 'runc')
      test('pause and resume: frozen, a container is stopped nevertheless', {
        skip: ociRuntime !== 'runc',
      }, async t => {
        const runtime = makeManager(t, conmon);
        await runContainer(runtime, 'frozen', makeShellBundle(t, 'sleep 1000'));
        await runtime.pause('frozen');
        assert.equal((await runtime.state('frozen')).status, 'paused');
        await runtime.resume('frozen');
        assert.equal((await runtime.state('frozen')).status, 'running');
        await runtime.pause('frozen');
        assert.equal((await runtime.stop('frozen', { timeoutMs: 100 })).exitCode, 137);
      });

    test('delete: one that runs is refused, and by force it goes with its exit code kept', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'busy', makeShellBundle(t, 'sleep 1000'));
      await assert.rejects(runtime.delete('busy'), StateError);
      assert.equal((await runtime.state('busy')).deleting, false);
      await runtime.delete('busy', { force: true });
      assert.equal((await runtime.state('busy')).exitCode, 137);
    });

    test('delete: one that was only created', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('unborn', { bundle: makeShellBundle(t, 'exit 0') });
      await runtime.delete('unborn');
      assert.equal((await runtime.state('unborn')).status, 'stopped');
    });

    test('stop: the image’s signal first, and its exit code', async t => {
      const runtime = makeManager(t, conmon);
      const annotations = { 'org.opencontainers.image.stopSignal': 'SIGUSR1' };
      const script = 'trap "kill $!; exit 9" USR1; trap "" TERM; sleep 1000 & echo ready; wait';
      await runContainer(runtime, 'polite', makeShellBundle(t, script, { annotations }));
      for await (const _ of runtime.logs('polite', { follow: true })) break;
      assert.equal((await runtime.stop('polite')).exitCode, 9);
    });

    test('stop: asked again it joins, and the shortest time counts, whenever it comes', async t => {
      const runtime = makeManager(t, conmon);
      const script = 'trap "echo heard" TERM; echo ready; while :; do sleep 1000 & wait; done';
      const [early, late] = ['early', 'late'];
      for (const id of [early, late]) {
        await runContainer(runtime, id, makeShellBundle(t, script));
        for await (const _ of runtime.logs(id, { follow: true })) break;
      }
      const before = performance.now();
      const stops = [200, 60_000].map(timeoutMs => runtime.stop(early, { timeoutMs }));
      stops.push(runtime.stop(late, { timeoutMs: 60_000 }));
      for await (const { data } of runtime.logs(late, { follow: true })) if (`${data}` === 'heard') break;
      stops.push(...[200, 60_000].map(timeoutMs => runtime.stop(late, { timeoutMs })));
      const codes = (await Promise.all(stops)).map(({ exitCode }) => exitCode);
      assert.deepEqual(codes, Array(5).fill(137));
      assert.ok(performance.now() - before < 30_000);
      assert.equal((await runtime.stop(late)).exitCode, 137); // gone already: a success
    });

    // hostrun has no cgroup to find the others by.
    if (ociRuntime === 'runc')
      test('stop: without a PID namespace of its own, the container’s other processes are gone too', async t => {
        const runtime = makeManager(t, conmon);
        const script = 'trap "exit 0" TERM; sleep 1000 & echo $!; wait';
        const bundle = makeShellBundle(t, script, { namespaces: ['ipc', 'uts', 'mount'] });
        await runContainer(runtime, 'shared', bundle);
        let other = 0;
        for await (const { data } of runtime.logs('shared', { follow: true })) {
          other = Number(data.toString());
          break;
        }
        process.kill(other, 0);
        await runtime.stop('shared');
        assert.equal(isProcessRunning(other), false);
      });

    test('stop: one that was created and never started', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('unborn', { bundle: makeShellBundle(t, 'exit 0') });
      await runtime.stop('unborn');
      assert.equal((await runtime.state('unborn')).status, 'stopped');
    });

    test('state: an unknown exit code is undefined, never 0', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'left-alone', makeShellBundle(t, 'sleep 1000'));
      const { monitorPid, pid } = await runtime.state('left-alone');
      process.kill(monitorPid!, 'SIGKILL');
      process.kill(pid!, 'SIGKILL');
      assert.equal((await runtime.wait('left-alone')).exitCode, undefined);
      assert.equal((await runtime.state('left-alone')).exitCode, undefined);
      await runtime.delete('left-alone');
      assert.equal((await runtime.state('left-alone')).exitCode, undefined);
    });

    test('wait: stopped is not exited, which comes after the exit command', async t => {
      const runtime = makeManager(t, conmon);
      const dir = mkdtempSync(join(tmpdir(), 'manager-exit-'));
      t.after(() => rmSync(dir, { recursive: true }));
      const gate = join(dir, 'gate');
      execFileSync('mkfifo', [gate]);
      const script = `read line < ${gate}; touch ${dir}/done`;
      const exitCommand = { file: '/bin/sh', args: ['-c', script] };
      await runContainer(runtime, 'both-ends', makeShellBundle(t, 'exit 4'), { exitCommand });
      await runtime.wait('both-ends', 'stopped');
      const exited = runtime.wait('both-ends', 'exited');
      await assert.rejects(runtime.wait('both-ends', 'exited', { timeLimitMs: 100 }), TimeLimitError);
      const known = await until('the exit code', async () => (await runtime.state('both-ends')).exitCode);
      assert.equal(known, 4);
      writeFileSync(gate, 'go\n');
      assert.equal((await exited).exitCode, 4);
      assert.ok(existsSync(join(dir, 'done')));
    });
  });

function isProcessRunning(pid: number): boolean {
  return identifyProcess(pid) !== undefined;
}
