// The races between callers and monitors that are known from CRI-O, Podman and Kata, each shut by the library and
// shown open in the naive way of doing it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { execa } from 'execa';
import {
  conmons,
  hostrun,
  makeManager,
  makeShellBundle,
  ociRuntime,
  runContainer,
} from './manager-harness.ts';

/** The long tests do it two hundred times. */
const unmounts = Number(process.env.MANAGER_UNMOUNTS ?? 5);

const canMount = process.getuid?.() === 0 && mountsWork();

for (const conmon of conmons)
  describe(`manager races over ${conmon.name}`, () => {
    // hostrun's processes are in the mount namespace of the test: what they use can't be unmounted.
    if (canMount)
      test(`stop, and unmounting the root file system at once, ${unmounts} times`, async t => {
        const rootfs = mkdtempSync(join(tmpdir(), 'manager-mounted-'));
        const runtime = makeManager(t, conmon, { runtime: hostrun });
        t.after(() => rmSync(rootfs, { recursive: true }));
        t.after(() => spawnSync('umount', ['-l', rootfs]));
        const script = 'trap "sleep 0.05; exit 0" TERM; echo ready; while :; do sleep 0.01; done';
        const bundle = makeShellBundle(t, script, { cwd: rootfs });
        for (let round = 0; round < unmounts; round++) {
          execFileSync('mount', ['-t', 'tmpfs', 'none', rootfs]);
          await runContainer(runtime, 'mounted', bundle);
          for await (const _ of runtime.logs('mounted', { follow: true })) break;
          const { exitCode } = await runtime.stop('mounted');
          execFileSync('umount', [rootfs]); // throws where it is busy
          assert.equal(exitCode, 0);
          await runtime.delete('mounted');
        }

        // The naive way: signal it, and take that for stopped.
        execFileSync('mount', ['-t', 'tmpfs', 'none', rootfs]);
        await runContainer(runtime, 'naive', bundle);
        for await (const _ of runtime.logs('naive', { follow: true })) break;
        await runtime.kill('naive', 'SIGTERM');
        assert.notEqual(spawnSync('umount', [rootfs]).status, 0);
        await runtime.stop('naive');
        execFileSync('umount', [rootfs]);
      });

    test('150 states at once while containers are deleted by force: none fails, and all know the end', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'sleep 1000');
      const ids = ['a', 'b', 'c'];
      for (const id of ids) await runContainer(runtime, id, bundleCopy(t, bundle));
      let deleting = true;
      const ask = async (id: string) => {
        const seen: string[] = [];
        do {
          const state = await runtime.state(id);
          seen.push(`${state.status}${state.status === 'stopped' ? ` ${state.exitCode}` : ''}`);
          await nextTurn(); // an answer from what is known takes no turn of its own
        } while (deleting);
        return seen.at(-1);
      };
      const asking = ids.flatMap(id => Array.from({ length: 50 }, () => ask(id)));
      await Promise.all(ids.map(id => runtime.delete(id, { force: true })));
      deleting = false;
      const last = await Promise.all(asking);
      assert.equal(last.length, 150);
      const after = await Promise.all(ids.map(id => runtime.state(id)));
      for (const state of after)
        assert.deepEqual([state.status, state.exitCode, state.synthetic], ['stopped', 137, true]);

      // The naive way: ask the runtime, which fails as soon as it has forgotten.
      const asked = await execa(ociRuntime, ['--root', join(runtime.root, 'runtime'), 'state', 'a'], {
        reject: false,
      });
      assert.match(asked.stderr, /does not exist/);
    });

    test('run --rm with 50 waiters: each gets the exit code', async t => {
      const runtime = makeManager(t, conmon);
      const gate = mkdtempSync(join(tmpdir(), 'manager-gate-'));
      t.after(() => rmSync(gate, { recursive: true }));
      await runtime.create('rm', { bundle: makeShellBundle(t, 'sleep 0.1; exit 42') });
      const waiters = Array.from({ length: 25 }, () => runtime.wait('rm'));
      await runtime.start('rm');
      waiters.push(...Array.from({ length: 24 }, () => runtime.wait('rm')));
      const root = join(runtime.root, 'exits', 'rm');
      const remove = runtime.wait('rm', 'stopped').then(() => runtime.delete('rm'));
      const codes = (await Promise.all(waiters)).map(({ exitCode }) => exitCode);
      await remove;
      codes.push((await runtime.wait('rm')).exitCode); // one who comes late
      assert.deepEqual(codes, Array(50).fill(42));

      // The naive way: read the exit file once the waiting is over. The one who removes was faster.
      assert.equal(existsSync(root), false);
    });

    test('wait for exited, then the log: every byte is there', async t => {
      const runtime = makeManager(t, conmon);
      const script = 'i=0; while [ $i -lt 20 ]; do head -c 50000 /dev/zero; i=$((i + 1)); done; printf end';
      await runContainer(runtime, 'bytes', makeShellBundle(t, script));
      await runtime.wait('bytes', 'exited');
      let bytes = 0;
      let last = '';
      for await (const { data } of runtime.logs('bytes')) {
        bytes += data.length;
        if (data.length > 0) last = data.subarray(-3).toString();
      }
      assert.equal(bytes, 1_000_000 + 3);
      assert.equal(last, 'end');
    });
  });

/** Two containers can't share a bundle: the monitor's sockets are in it. */
function bundleCopy(t: Parameters<typeof makeShellBundle>[0], bundle: string): string {
  const config = readFileSync(join(bundle, 'config.json'));
  const copy = makeShellBundle(t, 'true');
  writeFileSync(join(copy, 'config.json'), config);
  return copy;
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
