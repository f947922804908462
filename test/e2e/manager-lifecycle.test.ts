// A container's life through the library, over each conmon there is.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findHierarchies } from '../../src/manager/cgroupfs.ts';
import {
  cgroupfs,
  MonitorError,
  NotFoundError,
  RuntimeError,
  StateError,
  TimeLimitError,
} from '../../src/manager/index.ts';
import { identifyProcess } from '../../src/manager/processes.ts';
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

    test('create: an ID that is taken is refused, and what has it stays', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'exit 0');
      await runtime.create('twice', { bundle });
      await assert.rejects(runtime.create('twice', { bundle }), { code: 'ERR_EXISTS' });
      assert.equal((await runtime.state('twice')).status, 'created');
    });

    test('create: a runtime that fails is quoted, and the ID is free again', async t => {
      const runtime = makeManager(t, conmon);
      const broken = makeShellBundle(t, 'exit 0');
      writeFileSync(join(broken, 'config.json'), '{"ociVersion": "1.0.2", "process": {"args": []}}');
      await assert.rejects(runtime.create('retry', { bundle: broken }), (error: unknown) => {
        assert.ok(error instanceof RuntimeError);
        assert.notEqual(error.words, '');
        return true;
      });
      await assert.rejects(runtime.state('retry'), NotFoundError);
      await runtime.create('retry', { bundle: makeShellBundle(t, 'exit 0') });
    });

    test('create: a monitor that refuses is quoted, and the ID is free again', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'exit 0');
      await assert.rejects(
        runtime.create('retry', { bundle, monitorArgs: ['--nonsense'] }),
        (error: unknown) => {
          assert.ok(error instanceof MonitorError);
          assert.match(error.message, /Unknown option --nonsense/);
          assert.equal(error.exitCode, 1);
          return true;
        },
      );
      assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
      await runtime.create('retry', { bundle });
    });

    test('create: what times out while the runtime finishes later leaves nothing, and a retry succeeds', async t => {
      const dir = mkdtempSync(join(tmpdir(), 'manager-late-'));
      const late = makeLateRuntime(dir);
      const runtime = makeManager(t, conmon, { runtime: late });
      t.after(() => rmSync(dir, { recursive: true }));
      const bundle = makeShellBundle(t, 'exit 3');
      await assert.rejects(runtime.create('late', { bundle, timeLimitMs: 300 }), TimeLimitError);
      await assert.rejects(runtime.state('late'), NotFoundError);
      assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
      assert.ok(existsSync(join(dir, 'asked')), 'the runtime had been asked');
      writeFileSync(join(dir, 'fast'), '');
      await runContainer(runtime, 'late', bundle);
      assert.equal((await runtime.wait('late')).exitCode, 3);

      // The naive way: give up, and leave the rest to itself. What comes late is then there, and in the way.
      rmSync(join(dir, 'fast'));
      await assert.rejects(createNaively(late, conmon.path, join(dir, 'naive'), bundle, 300), /gave up/);
      assert.equal(await appears(late, join(dir, 'naive'), 'late'), true);
    });

    test('create: aborted, it rejects with the signal’s reason and leaves nothing', async t => {
      const dir = mkdtempSync(join(tmpdir(), 'manager-late-'));
      const runtime = makeManager(t, conmon, { runtime: makeLateRuntime(dir) });
      t.after(() => rmSync(dir, { recursive: true }));
      const bundle = makeShellBundle(t, 'exit 3');
      const reason = new Error('changed my mind');
      const abort = new AbortController();
      setTimeout(() => abort.abort(reason), 200);
      await assert.rejects(runtime.create('aborted', { bundle, signal: abort.signal }), reason);
      assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
    });

    test('create: the monitor is moved before it starts anything, and a failed move starts nothing', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'exit 0');
      const pids: number[] = [];
      const refuse = async ({ pid }: { pid: number }) => {
        pids.push(pid);
        assert.equal(existsSync(join(bundle, 'ctl')), false);
        throw new Error('no room');
      };
      await assert.rejects(runtime.create('moved', { bundle, placement: refuse }), /no room/);
      assert.equal(pids.length, 1);
      assert.throws(() => process.kill(pids[0]!, 0), { code: 'ESRCH' });
      await assert.rejects(runtime.state('moved'), NotFoundError);
      if (!cgroupsWritable()) return;
      const path = `/manager-test-${process.pid}`;
      t.after(() => removeCgroup(path));
      await runtime.create('moved', { bundle, placement: cgroupfs({ path }) });
      const { monitorPid } = await runtime.state('moved');
      for (const line of readFileSync(`/proc/${monitorPid}/cgroup`, 'utf8').trim().split('\n'))
        assert.ok(line.endsWith(`:${path}`), line);
      await runtime.delete('moved');
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
      const script =
        'trap "exit 9" USR1; trap "" TERM; touch /tmp/x 2>/dev/null; echo ready; while :; do sleep 0.02; done';
      await runContainer(runtime, 'polite', makeShellBundle(t, script, { annotations }));
      for await (const _ of runtime.logs('polite', { follow: true })) break;
      assert.equal((await runtime.stop('polite')).exitCode, 9);
    });

    test('stop: asked twice it joins, and the shorter time counts', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(
        runtime,
        'deaf',
        makeShellBundle(t, 'trap "" TERM; echo ready; while :; do sleep 0.02; done'),
      );
      for await (const _ of runtime.logs('deaf', { follow: true })) break;
      const before = performance.now();
      const patient = runtime.stop('deaf', { timeoutMs: 60_000 });
      const impatient = runtime.stop('deaf', { timeoutMs: 200 });
      assert.deepEqual(await patient, await impatient);
      assert.ok(performance.now() - before < 30_000);
      assert.equal((await runtime.stop('deaf')).exitCode, 137); // gone already: a success
    });

    // hostrun has no cgroup to find the others by.
    if (ociRuntime === 'runc')
      test('stop: without a PID namespace of its own, the container’s other processes are gone too', async t => {
        const runtime = makeManager(t, conmon);
        const script = 'sleep 1000 & echo $!; trap "exit 0" TERM; while :; do sleep 0.02; done';
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
      await runContainer(runtime, 'orphan', makeShellBundle(t, 'sleep 1000'));
      const { monitorPid, pid } = await runtime.state('orphan');
      process.kill(monitorPid!, 'SIGKILL');
      process.kill(pid!, 'SIGKILL');
      assert.equal((await runtime.wait('orphan')).exitCode, undefined);
      assert.equal((await runtime.state('orphan')).exitCode, undefined);
      await runtime.delete('orphan');
      assert.equal((await runtime.state('orphan')).exitCode, undefined);
    });

    test('wait: stopped is not exited, which comes after the exit command', async t => {
      const runtime = makeManager(t, conmon);
      const dir = mkdtempSync(join(tmpdir(), 'manager-exit-'));
      t.after(() => rmSync(dir, { recursive: true }));
      const gate = join(dir, 'gate');
      const script = `while [ ! -e ${gate} ]; do sleep 0.02; done; touch ${dir}/done`;
      const exitCommand = { file: '/bin/sh', args: ['-c', script] };
      await runContainer(runtime, 'two', makeShellBundle(t, 'exit 4'), { exitCommand });
      await runtime.wait('two', 'stopped');
      const exited = runtime.wait('two', 'exited');
      await assert.rejects(runtime.wait('two', 'exited', { timeLimitMs: 100 }), TimeLimitError);
      assert.equal((await runtime.state('two')).exitCode, 4);
      writeFileSync(gate, '');
      assert.equal((await exited).exitCode, 4);
      assert.ok(existsSync(join(dir, 'done')));
    });

    test('create: a relative exit command is the one of the caller’s directory, whatever that is later', async t => {
      const dir = mkdtempSync(join(tmpdir(), 'manager-relative-'));
      const before = process.cwd();
      t.after(() => {
        process.chdir(before);
        rmSync(dir, { recursive: true });
      });
      mkdirSync(join(dir, 'elsewhere'));
      writeFileSync(join(dir, 'note'), `#!/bin/sh\necho ran > ${dir}/noted\n`, { mode: 0o755 });
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'exit 0');
      process.chdir(dir);
      const creating = runtime.create('relative', { bundle, exitCommand: { file: './note' } });
      process.chdir(join(dir, 'elsewhere'));
      await creating;
      await runtime.start('relative');
      await runtime.wait('relative');
      assert.equal(readFileSync(join(dir, 'noted'), 'utf8'), 'ran\n');

      // The naive way: hand it on as it is. The monitor looks for it from where it happens to be.
      rmSync(join(dir, 'noted'));
      const naive = { monitorArgs: ['--exit-command', './note'] };
      await runContainer(runtime, 'naive', bundle, naive);
      await runtime.wait('naive');
      assert.equal(existsSync(join(dir, 'noted')), false);
    });
  });

function isProcessRunning(pid: number): boolean {
  return identifyProcess(pid) !== undefined;
}

function hierarchies(): string[] {
  return findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ path }) => path);
}

function cgroupsWritable(): boolean {
  const path = `/manager-probe-${process.pid}`;
  try {
    for (const top of hierarchies()) mkdirSync(join(top, path));
    return hierarchies().length > 0;
  } catch {
    return false;
  } finally {
    removeCgroup(path);
  }
}

function removeCgroup(path: string): void {
  for (const top of hierarchies()) if (existsSync(join(top, path))) rmdirSync(join(top, path));
}

/** A runtime whose create finishes only after a while, in a process that nobody waits for. */
function makeLateRuntime(dir: string): string {
  const path = join(dir, 'late-runtime');
  const script = [
    '#!/bin/sh',
    'case " $* " in *" create "*)',
    `  touch ${dir}/asked`,
    `  if [ ! -e ${dir}/fast ]; then (sleep 1; exec ${ociRuntime} "$@") & wait; exit; fi ;;`,
    'esac',
    `exec ${ociRuntime} "$@"`,
  ];
  writeFileSync(path, `${script.join('\n')}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function createNaively(runtime: string, conmon: string, dir: string, bundle: string, limitMs: number) {
  const { spawn } = await import('node:child_process');
  mkdirSync(dir);
  const args = ['-c', 'late', '-u', 'late', '-r', runtime, '-b', bundle, '--full-attach', '-l', 'none'];
  args.push('-p', join(dir, 'pidfile'), '--runtime-arg', '--root', '--runtime-arg', join(dir, 'root'));
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe'] as const;
  const child = spawn(conmon, args, { stdio: [...stdio], env: { ...process.env, _OCI_SYNCPIPE: '3' } });
  const sync = child.stdio[3]!;
  await new Promise((resolve, reject) => {
    sync.once('data', resolve);
    setTimeout(() => reject(new Error('gave up')), limitMs);
  }).finally(() => sync.destroy());
}

async function appears(runtime: string, dir: string, id: string): Promise<boolean> {
  const { execa } = await import('execa');
  const { setTimeout: sleep } = await import('node:timers/promises');
  const root = ['--root', join(dir, 'root')];
  for (let tries = 0; tries < 200; tries++) {
    const { exitCode } = await execa(runtime, [...root, 'state', id], { reject: false });
    if (exitCode === 0) {
      await execa(runtime, [...root, 'delete', '--force', id]);
      return true;
    }
    await sleep(20);
  }
  return false;
}
