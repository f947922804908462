// The races between callers and monitors that are known from CRI-O, Podman and Kata, each shut by the library and
// shown open in the naive way of doing it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { execa } from 'execa';
import type { ContainerState, Runtime } from '../../src/manager/index.ts';
import { sys } from '../../src/sys/real.ts';
import { buildQuickRuntime, makeModelBundle } from '../fixtures/manager-model/stage.ts';
import { fixture, makeFolder, openGate } from '../fixtures/monitored.ts';
import { hangMs, must, until } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

/** The long tests do it two hundred times. */
const unmounts = Number(process.env['MANAGER_UNMOUNTS'] ?? 5);

const canMount = process.getuid?.() === 0 && mountsWork();

for (const conmon of conmons)
  describe(`manager races over ${conmon.name}`, () => {
    // The container's process is in the mount namespace of the test: what it uses can't be unmounted.
    if (canMount)
      test(`stop, and unmounting the root file system at once, ${unmounts} times`, async t => {
        const rootfs = makeFolder(t, 'manager-mounted');
        const gate = join(makeFolder(t), 'gate');
        const runtime = makeManager(t, conmon, { runtime: fixture('runtime-on-host') });
        t.after(() => spawnSync('umount', ['-l', rootfs]));
        const bundle = makeShellBundle(t, '');
        const acts = `${gate}-acts`;
        const lingers = `trap 'kill -9 $!; wait $!; : >${acts}; read go <${gate}; exit 0' TERM`;
        writeFileSync(join(bundle, 'container'), `cd ${rootfs}; ${lingers}; sleep 1000 & echo ready; wait`);
        for (let round = 0; round < unmounts; round++) {
          must(sys.mkfifo(gate, 0o600), 'mkfifo');
          execFileSync('mount', ['-t', 'tmpfs', 'none', rootfs]);
          await runContainer(runtime, 'mounted', bundle);
          for await (const _ of runtime.logs('mounted', { follow: true })) break;
          let stopped = false;
          const stop = runtime.stop('mounted', { timeoutMs: hangMs }).finally(() => {
            stopped = true;
          });
          // The naive way: it has the signal, so it has stopped.
          await until('the container to act on the signal', () => existsSync(acts));
          if (round === 0) assert.notEqual(spawnSync('umount', [rootfs]).status, 0);
          assert.equal(stopped, false);
          openGate(gate);
          const { exitCode } = await stop;
          execFileSync('umount', [rootfs]); // throws where it is busy
          assert.equal(exitCode, 0);
          await runtime.delete('mounted');
          for (const path of [gate, acts]) rmSync(path);
        }
      });

    test('150 states at once while containers are deleted by force: none fails, and all know the end', async t => {
      const held = makeHeldRuntime(t);
      const runtime = makeManager(t, conmon, { runtime: held.path });
      t.after(held.remove);
      const ids = ['a', 'b', 'c'];
      for (const id of ids) await runContainer(runtime, id, makeShellBundle(t, 'exec sleep 1000'));
      const askAll = () =>
        Promise.all(ids.flatMap(id => Array.from({ length: 50 }, () => runtime.state(id))));
      const ends = (states: readonly ContainerState[]) => [
        ...new Set(
          states.map(state => `${state.status} ${state.exitCode} ${state.synthetic} ${state.deleting}`),
        ),
      ];
      let deleting = true;
      const asking = ids.map(async id => {
        for (; deleting; await nextTurn()) await runtime.state(id); // what is known is answered within one turn
      });
      asking.push(askAll().then(() => {}));
      const forgotten = ids.map(id => held.hasForgotten(id));
      const deletions = ids.map(id => runtime.delete(id, { force: true }));
      await Promise.all(forgotten);

      // Here the runtime has forgotten the containers, and has not yet said so.
      for (const id of ids) await runtime.wait(id);
      const during = await askAll();
      assert.equal(during.length, 150);
      assert.deepEqual(ends(during), ['stopped 137 true true']);

      // The naive way: ask the runtime, and hand on its failure.
      for (const id of ids) await assert.rejects(askNaively(runtime, id), /does not exist/);

      held.release();
      await Promise.all(deletions);
      deleting = false;
      await Promise.all(asking);
      assert.deepEqual(ends(await askAll()), ['stopped 137 true false']);
    });

    test('state during a deletion: once the process is gone it has the exit code, though the monitor is late', async t => {
      const dir = makeFolder(t);
      const stage = { dir, conmon: conmon.path, runtime: buildQuickRuntime(dir), rootfs: undefined };
      const runtime = makeManager(t, conmon, { runtime: stage.runtime });
      await runContainer(runtime, 'late', makeModelBundle(stage, { nonce: 'late', exitCode: 1, lifeMs: -1 }));
      const monitor = (await runtime.state('late')).monitorPid!;
      process.kill(monitor, 'SIGSTOP');
      t.after(() => resume(monitor));
      const deletion = runtime.delete('late', { force: true });
      await runtime.wait('late', 'stopped');
      const asked = runtime.state('late');
      await nextTurn(); // what is known is answered within one turn
      resume(monitor);
      const { deleting, exitCode } = await asked;
      await deletion;
      assert.deepEqual([deleting, exitCode], [true, 137]);
    });

    test('run --rm with 50 waiters: each gets the exit code', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('rm', { bundle: makeShellBundle(t, 'read line; exit 42'), stdin: true });
      const { incarnation } = await runtime.state('rm');
      const exitFile = join(runtime.root, `incarnations/rm@${incarnation}/exit/rm`);
      const early = Array.from({ length: 20 }, () => runtime.wait('rm'));
      await runtime.start('rm');
      early.push(...Array.from({ length: 20 }, () => runtime.wait('rm')));
      const ended = runtime.wait('rm', 'stopped');
      const removed = ended.then(() => runtime.delete('rm'));

      // The naive way: wait for the process, then read the exit file. All of these are slower than who removes.
      const waitNaively = async () => {
        await ended;
        await removed;
        return Number(readFileSync(exitFile, 'utf8'));
      };
      const naive = Array.from({ length: 50 }, waitNaively);
      const settled = Promise.allSettled(naive);
      (await runtime.attach('rm')).resume().end('go\n');
      await removed;
      const late = Array.from({ length: 10 }, () => runtime.wait('rm')); // as slow as the naive ones
      const codes = (await Promise.all([...early, ...late])).map(({ exitCode }) => exitCode);
      assert.deepEqual(codes, Array(50).fill(42));
      for (const outcome of await settled) assert.equal(outcome.status, 'rejected');
      await assert.rejects(naive[0]!, { code: 'ENOENT' });
    });

    test('wait for exited, then the log and what is attached: every byte is there', async t => {
      const runtime = makeManager(t, conmon);
      const lines = 'i=0; while [ $i -lt 20 ]; do head -c 50000 /dev/zero; echo; i=$((i + 1)); done';
      const last = 'kill $!; head -c 30000 /dev/zero; printf end; exit 0';
      const script = `trap '${last}' USR1; ${lines}; echo ready; sleep 1000 & wait`;
      await runtime.create('bytes', { bundle: makeShellBundle(t, script) });
      const attached: Buffer[] = [];
      const attachment = await runtime.attach('bytes');
      attachment.on('data', chunk => attached.push(chunk));
      await runtime.start('bytes');
      for await (const { data } of runtime.logs('bytes', { follow: true })) if (`${data}` === 'ready') break;

      // A monitor that has much else to do: the process writes its last, which its pipe holds, and is gone.
      const monitor = (await runtime.state('bytes')).monitorPid!;
      const exited = runtime.wait('bytes', 'exited');
      process.kill(monitor, 'SIGSTOP');
      t.after(() => resume(monitor));
      await runtime.kill('bytes', 'SIGUSR1');
      await runtime.wait('bytes', 'stopped');

      // The naive way: the process is gone, so that is all.
      assert.equal(Buffer.concat(await readEntries(runtime, 'bytes')).includes('end'), false);
      assert.equal(Buffer.concat(attached).includes('end'), false);

      resume(monitor);
      await exited;
      const log = await readEntries(runtime, 'bytes');
      const bytes = log.reduce((sum, { length }) => sum + length, 0);
      assert.deepEqual([bytes, log.at(-1)?.subarray(-3).toString()], [20 * 50_000 + 5 + 30_000 + 3, 'end']);
      assert.equal(await attachment.outcome, 'ended');
      if (!attachment.readableEnded) await once(attachment, 'end');
      const stream = Buffer.concat(attached);
      assert.deepEqual([stream.length, stream.subarray(-3).toString()], [bytes + 21, 'end']);
    });
  });

/** A runtime that does a deletion and then does not return until it is released. */
function makeHeldRuntime(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'manager-held-'));
  const path = join(dir, 'held-runtime');
  const script = [
    '#!/bin/sh',
    `case " $* " in *" delete "*) ;; *) exec '${ociRuntime}' "$@" ;; esac`,
    `'${ociRuntime}' "$@"`,
    'status=$?',
    'for id in "$@"; do :; done',
    `: > ${dir}/forgotten-$id`,
    `read line < ${dir}/gate`,
    'exit $status',
  ];
  writeFileSync(path, `${script.join('\n')}\n`, { mode: 0o755 });
  execFileSync('mkfifo', [join(dir, 'gate')]);
  const gate = openSync(join(dir, 'gate'), constants.O_RDWR); // both ends: opening it waits for nobody
  const release = () => void writeSync(gate, '\n'.repeat(1000)); // one line for each deletion
  t.after(release); // the deletions that clean up are held as well
  const remove = () => {
    closeSync(gate);
    rmSync(dir, { recursive: true });
  };
  return { path, release, remove, hasForgotten: (id: string) => appears(join(dir, `forgotten-${id}`)) };
}

/** Resolves when there is a file of that name. */
async function appears(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), () => existsSync(path) && resolve());
  if (existsSync(path)) resolve();
  await promise;
  watcher.close();
}

async function askNaively(runtime: Runtime, id: string): Promise<string> {
  const { stdout } = await execa(ociRuntime, ['--root', join(runtime.root, 'runtime'), 'state', id]);
  return JSON.parse(stdout).status;
}

async function readEntries(runtime: Runtime, id: string): Promise<Buffer[]> {
  const entries: Buffer[] = [];
  for await (const { data } of runtime.logs(id)) entries.push(data);
  return entries;
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {} // it has ended
}

function mountsWork(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'manager-mount-'));
  try {
    mkdirSync(join(probe, 'on'));
    if (spawnSync('mount', ['-t', 'tmpfs', 'none', join(probe, 'on')]).status !== 0) return false;
    return spawnSync('umount', [join(probe, 'on')]).status === 0;
  } finally {
    rmSync(probe, { recursive: true });
  }
}
