// Whatever is wrong, no promise is left unhandled, and every rejection is a documented error or the signal's reason.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { conmons, makeShellBundle, ociRuntime } from './manager-harness.ts';

const everyFault = join(import.meta.dirname, '../fixtures/every-fault.ts');

/** Far beyond what all faults take. */
const limitMs = 120_000;

for (const conmon of conmons)
  test(`every call and every fault over ${conmon.name}: nothing is unhandled or undocumented`, t => {
    const bundle = makeShellBundle(t, 'echo ready; sleep 1000');
    const program = [process.execPath, '--unhandled-rejections=strict', everyFault];
    // Mounts of its own, so that one that is left is nobody's.
    const args = ['--mount', '--propagation', 'private', ...program, conmon.path, ociRuntime, bundle];
    const { stdout, stderr, status, signal } = spawnSync('unshare', args, {
      encoding: 'utf8',
      timeout: limitMs,
    });
    assert.deepEqual(
      { stdout, stderr, status, signal },
      { stdout: 'done\n', stderr: '', status: 0, signal: null },
    );
  });
