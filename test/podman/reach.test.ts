// Podman 4.3 takes another conmon from PATH, without a word, when it does not like the one it was told to use. These
// tests show that in this suite it cannot: otherwise every other test here could pass under a conmon that is not ours.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { until } from '../fixtures/waiting.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

underEachConmon('reach', podman => {
  test('a conmon whose version Podman does not like is not replaced by another', async () => {
    const old = join(podman().directory, 'tmp/conmon');
    await writeFile(old, '#!/bin/sh\necho conmon version 1.0.0\n', { mode: 0o755 });
    const { exitCode, stderr } = await podman().call(['--conmon', old, 'run', '--rm', 'box', 'true']);
    assert.equal(exitCode, 125);
    assert.match(stderr, /conmon/);
  });

  test('a conmon that is not there is not replaced by another', async () => {
    const { exitCode, stderr } = await podman().call([
      '--conmon',
      '/no/such/conmon',
      'run',
      '--rm',
      'box',
      'true',
    ]);
    assert.equal(exitCode, 125);
    assert.match(stderr, /could not find a working conmon binary/);
  });

  test('info shows the path of this conmon, and a version that is accepted', async () => {
    const answer = await podman().ok('info', '--format', '{{.Host.Conmon.Path}}|{{.Host.Conmon.Version}}');
    const [path, version] = answer.split('|');
    assert.equal(path, podman().conmon.path);
    assert.match(version!, /^conmon version \d+\.\d+\.\d+(\+\S+)?, commit:/);
  });

  test('--version answers although the environment names pipes that are closed, as it does for an exit command', async () => {
    const env = { _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4' };
    const { exitCode, stdout } = await execa(podman().conmon.path, ['--version'], { env, reject: false });
    assert.equal(exitCode, 0);
    assert.match(stdout, /^conmon version /);
  });

  test('the exit command finds this conmon and cleans up: nothing of the container stays mounted', async () => {
    await podman().runDetached('--name', 'brief', 'box', 'true');
    assert.equal(await podman().ok('wait', 'brief'), '0');
    await until('the end of conmon', () => podman().listConmons().length === 0);
    assert.equal(await podman().inspect('brief', '{{.State.Status}}'), 'exited');
    assert.equal(await isMounted(join(podman().directory, 'storage/vfs-containers')), false);
  });
});

/** Whether anything is mounted below the directory, as /dev/shm of a container that was not cleaned up is. */
async function isMounted(directory: string): Promise<boolean> {
  return (await readFile('/proc/self/mounts', 'utf8')).includes(` ${directory}/`);
}
