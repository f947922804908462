// `podman logs` reads the journal by PRIORITY: what it shows of containers under our monitor.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxPath } from '../podman/harness/machine.ts';
import { Journal } from './harness/journal.ts';

const conmonPath = resolve(import.meta.dirname, '../../dist/conmon');
const home = mkdtempSync(join(tmpdir(), 'podman-journal-'));
let journal: Journal;

before(async () => {
  journal = await Journal.create();
  await journal.start();
  mkdirSync(join(home, 'image/bin'), { recursive: true });
  copyFileSync(busyboxPath!, join(home, 'image/bin/sh'));
  execFileSync('tar', ['-C', join(home, 'image'), '-cf', join(home, 'image.tar'), '.']);
  await podman(['import', '--quiet', join(home, 'image.tar'), 'box']);
});

after(async () => {
  await journal.close(); // and with its namespace all that Podman has mounted
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs podman with a store of the test's own, and its monitors with these variables. */
async function podman(args: string[], conmonEnv: string[] = []): Promise<string> {
  const config = join(home, 'containers.conf');
  const variables = [`PATH=${process.env['PATH']}`, ...conmonEnv];
  writeFileSync(
    config,
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "journald"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "${join(home, 'libpod')}"
runtime = "runc"
conmon_path = [${JSON.stringify(conmonPath)}]
conmon_env_vars = [${variables.map(variable => JSON.stringify(variable)).join(', ')}]
`,
  );
  const store = ['--root', join(home, 'root'), '--runroot', join(home, 'run'), '--storage-driver', 'vfs'];
  await journal.sync(); // `podman logs` reads the files as they are
  const { stdout, stderr } = await journal.run('podman', [...store, ...args], { CONTAINERS_CONF: config });
  return stdout + stderr;
}

test('J8 podman logs: shows all lines of a container that prints priority prefixes', async () => {
  const script = 'echo one; echo "<4>two"; echo three; echo "<3>four"';
  await podman([
    'run',
    '--name',
    'prefixes',
    '--security-opt',
    'seccomp=unconfined',
    'box',
    '/bin/sh',
    '-c',
    script,
  ]);
  assert.equal(await podman(['logs', 'prefixes']), 'one\n<4>two\nthree\n<3>four\n');
});

test('J5 podman logs: joins the pieces of a line of 20,000 bytes', async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do printf 0123456789; i=$((i+1)); done; echo; echo end';
  await podman([
    'run',
    '--name',
    'long',
    '--security-opt',
    'seccomp=unconfined',
    'box',
    '/bin/sh',
    '-c',
    script,
  ]);
  assert.equal(await podman(['logs', 'long']), `${'0123456789'.repeat(2000)}\nend\n`);
});
