// `npm run demo`: one container under the monitor, and what its caller sees of it.
// CONMON names another conmon, and RUNTIME an OCI runtime (or hostrun), to show it with.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from '../test/fixtures/bundle.ts';
import { startConmon } from '../test/fixtures/caller.ts';
import { waitForFile } from '../test/fixtures/waiting.ts';

const project = join(import.meta.dirname, '..');
const conmon = process.env.CONMON ?? join(project, 'dist/conmon');
const hostrun = join(project, 'bin/hostrun');
const id = 'demo';
const containerStatus = 7;

/** Says something on both streams, leaves a line unfinished for a while, and ends with a status of its own. */
const script = [
  'echo "Hello from process $$ in the container"',
  'echo "and a line on stderr" >&2',
  'printf "an unfinished line"; sleep 0.2; echo ", and its end"',
  `exit ${containerStatus}`,
].join('\n');

interface Runtime {
  readonly path: string;
  /** What it runs the script with, inside its root. */
  readonly shell: string;
  readonly words: string;
}

const work = mkdtempSync(join(tmpdir(), 'conmon-demo-'));
try {
  const runtime = chooseRuntime();
  try {
    process.exitCode = demonstrate(runtime);
  } finally {
    callRuntime(runtime.path, 'delete', '--force', id);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function demonstrate({ path, shell, words }: Runtime): number {
  const { bundle, log, exits, pidFile, conmonPidFile } = makeFolders(work, shell);
  say('A container under conmon', [
    ['monitor', conmon],
    ['runtime', `${path}${words}`],
    ['program', `${shell} -c '…'`],
  ]);

  const startedMs = performance.now();
  const caller = startConmon({
    conmon,
    apiVersion: true,
    startPipe: true,
    args: [
      ...['--cid', id, '--cuuid', id, '--name', id, '--bundle', bundle],
      ...['--runtime', path, '--runtime-arg', '--root', '--runtime-arg', join(work, 'state')],
      ...['--container-pidfile', pidFile, '--conmon-pidfile', conmonPidFile],
      ...['--log-path', `k8s-file:${log}`, '--exit-dir', exits, '--socket-dir-path', join(work, 'sockets')],
    ],
  });
  caller.go();
  const report = caller.readSync();
  const reportMs = performance.now() - startedMs;
  const launcherStatus = caller.wait();
  const stderr = caller.stderr();
  caller.remove();
  if (launcherStatus !== 0 || report === undefined || report.value <= 0) {
    console.error(`The container was not created: ${report?.message ?? stderr}`);
    return 1;
  }
  say('1. Created: what conmon reports on the sync pipe, and leaves in files', [
    [
      'sync pipe',
      `${report.line.trim()}   (${reportMs.toFixed(0)} ms after the start, the runtime's time included)`,
    ],
    ['container pid file', readFileSync(pidFile, 'utf8')],
    [
      'conmon pid file',
      `${readFileSync(conmonPidFile, 'utf8')}   (${commandOf(readFileSync(conmonPidFile, 'utf8'))})`,
    ],
  ]);

  const started = callRuntime(path, 'start', id);
  if (started.status !== 0) {
    console.error(`The container did not start: ${started.stderr}`);
    return 1;
  }
  const exitFile = join(exits, id);
  waitForFile(exitFile);
  say('2. Started: the log, as `kubectl logs` and `podman logs` read it', []);
  for (const line of readFileSync(log, 'utf8').trimEnd().split('\n')) console.log(`   ${line}`);
  console.log('   (P: the first part of a line, F: its end. The time is when it was read.)');

  const status = readFileSync(exitFile, 'utf8');
  say('3. Ended: the exit file', [[exitFile, `${status}   (the program's exit status)`]]);
  console.log(
    status === String(containerStatus) ? '\nAll as it should be.' : `\nExpected ${containerStatus}.`,
  );
  return status === String(containerStatus) ? 0 : 1;
}

function makeFolders(dir: string, shell: string) {
  const bundle = makeBundle(join(dir, 'bundle'), { args: [shell, '-c', script] });
  const exits = join(dir, 'exits');
  for (const folder of [exits, join(dir, 'sockets')]) mkdirSync(folder);
  return {
    bundle,
    exits,
    log: join(dir, 'log'),
    pidFile: join(dir, 'pid'),
    conmonPidFile: join(dir, 'conmon.pid'),
  };
}

/** runc or crun, where a trial container can be created by it; else hostrun, which needs nothing. */
function chooseRuntime(): Runtime {
  const named = process.env.RUNTIME;
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(isStatic);
  if (busybox !== undefined && named !== 'hostrun') {
    for (const name of named === undefined ? ['runc', 'crun'] : [named]) {
      const path = findInPath(name);
      if (path === undefined || !isUsable(path, busybox)) continue;
      installRoot(join(work, 'bundle'), busybox);
      return { path, shell: '/bin/sh', words: '' };
    }
  }
  if (named !== undefined && named !== 'hostrun') throw new Error(`RUNTIME: ${named} is not usable here`);
  return {
    path: hostrun,
    shell: '/bin/sh',
    words: '   (isolates nothing; used where no runc or crun is usable)',
  };
}

function isUsable(path: string, busybox: string): boolean {
  const bundle = makeBundle(join(work, 'trial'), { args: ['/bin/true'] });
  installRoot(bundle, busybox);
  const created = callRuntime(path, 'create', '--bundle', bundle, 'trial');
  callRuntime(path, 'delete', '--force', 'trial');
  return created.status === 0;
}

/** A root with one program, under the names that the demo uses. */
function installRoot(bundle: string, busybox: string): void {
  const bin = join(bundle, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  for (const folder of ['proc', 'dev', 'sys']) mkdirSync(join(bundle, 'rootfs', folder), { recursive: true });
  for (const name of ['sh', 'true', 'sleep']) {
    copyFileSync(busybox, join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
}

/** Without an interpreter, so that it runs in a root that has no libraries. */
function isStatic(path: string): boolean {
  return existsSync(path) && !readFileSync(path).subarray(0, 4096).includes('/ld-');
}

/** Its output is not piped: the container would hold the pipe, and we would wait for it. */
function callRuntime(path: string, ...args: string[]) {
  const errors = join(work, 'runtime-errors');
  const quoted = 'exec "$@" </dev/null >/dev/null 2>"$ERRORS"';
  const { status } = spawnSync(
    '/bin/sh',
    ['-c', quoted, 'sh', path, '--root', join(work, 'state'), ...args],
    {
      env: { ...process.env, ERRORS: errors },
      stdio: 'ignore',
      timeout: 20_000,
    },
  );
  return { status, stderr: existsSync(errors) ? readFileSync(errors, 'utf8') : '' };
}

function findInPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return name.includes('/') ? name : folders.map(folder => join(folder, name)).find(path => existsSync(path));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'ended already';
  }
}

function say(title: string, facts: readonly (readonly [name: string, value: string])[]): void {
  console.log(`\n${title}`);
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  for (const [name, value] of facts) console.log(`   ${name.padEnd(width)}  ${value}`);
}
