// Creating containers through the library, and what is left where that fails, over each conmon there is.

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
import { findHierarchies } from '../../src/manager/cgroups/cgroupfs.ts';
import {
  cgroupfs,
  MonitorError,
  NotFoundError,
  RuntimeError,
  TimeLimitError,
} from '../../src/manager/index.ts';
import { readIfThere } from '../fixtures/monitored.ts';
import { hangMs, until } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

for (const conmon of conmons)
  describe(`manager’s create over ${conmon.name}`, () => {
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
      for (let timeLimitMs = 500; !existsSync(join(dir, 'asked')); timeLimitMs *= 2) {
        assert.ok(timeLimitMs < 2 * hangMs, 'the runtime has not been asked');
        await assert.rejects(runtime.create('late', { bundle, timeLimitMs }), TimeLimitError);
        await assert.rejects(runtime.state('late'), NotFoundError);
        assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
      }
      await until('the runtime to be ended', () => !isNamed(late));
      writeFileSync(join(dir, 'late'), '0');
      await runContainer(runtime, 'late', bundle);
      assert.equal((await runtime.wait('late')).exitCode, 3);

      // The naive way: give up, and leave the rest to itself. What comes late is then there, and in the way.
      writeFileSync(join(dir, 'late'), '3');
      await assert.rejects(createNaively(late, conmon.path, join(dir, 'naive'), bundle, 300), /gave up/);
      await waitForLate(late, join(dir, 'naive'), 'late');
    });

    test('create: aborted, it rejects with the signal’s reason and leaves nothing', async t => {
      const dir = mkdtempSync(join(tmpdir(), 'manager-late-'));
      const late = makeLateRuntime(dir);
      const runtime = makeManager(t, conmon, { runtime: late });
      t.after(() => rmSync(dir, { recursive: true }));
      const bundle = makeShellBundle(t, 'exit 3');
      const reason = new Error('changed my mind');
      const abort = new AbortController();
      const created = assert.rejects(runtime.create('aborted', { bundle, signal: abort.signal }), reason);
      await until('the runtime being asked', () => existsSync(join(dir, 'asked')));
      abort.abort(reason);
      await created;
      assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
      await until('the runtime to be ended', () => !isNamed(late));
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
      t.after(() => until('the monitor to leave its cgroup', () => removesCgroup(path)));
      await runtime.create('moved', { bundle, placement: cgroupfs({ path }) });
      const { monitorPid } = await runtime.state('moved');
      for (const line of readFileSync(`/proc/${monitorPid}/cgroup`, 'utf8').trim().split('\n'))
        assert.ok(line.endsWith(`:${path}`), line);
      await runtime.delete('moved');
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
    removesCgroup(path);
  }
}

/** Not while there is somebody in it. */
function removesCgroup(path: string): boolean {
  try {
    for (const top of hierarchies()) if (existsSync(join(top, path))) rmdirSync(join(top, path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

/** Whether any process has the program among its arguments: a script that runs, or the monitor that runs it. */
function isNamed(program: string): boolean {
  return readdirSync('/proc').some(
    pid => /^\d+$/.test(pid) && readIfThere(`/proc/${pid}/cmdline`).split('\0').includes(program),
  );
}

/** A runtime whose create finishes only after a while, in a process that nobody waits for: after as many seconds as the
 * file `late` has. */
function makeLateRuntime(dir: string): string {
  const path = join(dir, 'late-runtime');
  writeFileSync(join(dir, 'late'), '60');
  const script = [
    '#!/bin/sh',
    'case " $* " in *" create "*)',
    `  touch ${dir}/asked`,
    `  late=$(cat ${dir}/late); [ $late = 0 ] || { (sleep $late; exec '${ociRuntime}' "$@") & wait; exit; } ;;`,
    'esac',
    `exec '${ociRuntime}' "$@"`,
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

/** Waits until the runtime knows the container, then takes it away. */
async function waitForLate(runtime: string, dir: string, id: string): Promise<void> {
  const { execa } = await import('execa');
  const root = ['--root', join(dir, 'root')];
  await until(
    `container ${id}`,
    async () => (await execa(runtime, [...root, 'state', id], { reject: false })).exitCode === 0,
  );
  await execa(runtime, [...root, 'delete', '--force', id]);
}
