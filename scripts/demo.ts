// `npm run demo`: containers under the monitor, run with conmonctl as a person would.
// CONMON names another conmon, and RUNTIME an OCI runtime (or hostrun), to show it with.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInPath } from '../src/manager/executables.ts';
import { makeBundle } from '../test/fixtures/bundle.ts';

const project = join(import.meta.dirname, '..');
const conmon = process.env['CONMON'] ?? join(project, 'dist/conmon');
const hostrun = join(project, 'bin/hostrun');
const conmonctl = join(project, 'bin/conmonctl');
const exitCode = 7;

/** Says something on both streams, leaves a line unfinished for a while, and ends with a status of its own. */
const script = [
  'echo "Hello from process $$ in the container"',
  'echo "and a line on stderr" >&2; sleep 0.1',
  'printf "an unfinished line"; sleep 0.2; echo ", and its end"',
  `exit ${exitCode}`,
].join('\n');

/** Ends when it is asked to, with a status of its own. */
const service = 'trap "echo asked to end; exit 0" TERM; echo "at your service"; while :; do sleep 0.1; done';

interface Runtime {
  readonly path: string;
  /** What it runs the script with, inside its root. */
  readonly shell: string;
  readonly words: string;
}

const work = mkdtempSync(join(tmpdir(), 'conmon-demo-'));
/** What every command line has, and what is left out where it is shown. */
const globals = ['--root', join(work, 'state'), '--conmon', conmon];
try {
  const runtime = chooseRuntime();
  try {
    process.exitCode = demonstrate(runtime);
  } finally {
    runConmonctl(['delete', '--force', 'hello', 'web'], 'ignore');
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function demonstrate({ path, shell, words }: Runtime): number {
  globals.push('--runtime', path);
  const bundle = makeBundle(join(work, 'bundle'), { args: [shell, '-c', script] });
  console.log(`Containers under conmon
   monitor  ${conmon}
   runtime  ${path}${words}
   bundle   a config.json, and a root file system with a shell in it
   (Each command below also has --root, --runtime and --conmon, left out here.)`);

  say('A container from its start to its end: what it writes and its exit status pass through');
  const hello = show(['run', '--id', 'hello', bundle], 'run --id hello BUNDLE');
  console.log(`(exit status ${hello})`);

  say('Its log, as `kubectl logs` and `podman logs` would read it');
  show(['logs', '--timestamps', 'hello']);

  say('Its exit file, which the monitor put there in one step before it ended');
  const exitFile = join('containers', 'hello', 'exit', 'hello');
  console.log(`${exitFile}: ${readFileSync(join(work, 'state', exitFile), 'utf8')}`);

  say('Another container of the same bundle, with a command of its own, left to its monitor');
  show(
    ['run', '-d', '--id', 'web', bundle, '--', shell, '-c', service],
    `run -d --id web BUNDLE -- ${shell} -c '…'`,
  );
  show(['list']);
  const monitor = readMonitor('web');
  console.log(
    `(web's monitor is process ${monitor.pid}, ${monitor.name}: all that stays in memory for it;\n PID above is what it reported on its sync pipe)`,
  );

  say('A command in it');
  const answer = show(
    ['exec', 'web', '--', shell, '-c', 'echo "process $$ beside it"; exit 3'],
    `exec web -- ${shell} -c '…'`,
  );
  console.log(`(exit status ${answer})`);

  say('Stopped: the process is gone when `stop` returns, and its exit code is known');
  show(['stop', 'web']);
  show(['logs', 'web']);
  show(['wait', 'hello', 'web']);
  const codes = capture(['wait', 'hello', 'web']).trim().split('\n').map(Number);

  say('Deleted');
  show(['delete', 'hello', 'web']);
  const rest = capture(['list', '--quiet']);

  const isRight = hello === exitCode && answer === 3 && codes.join() === `${exitCode},0` && rest === '';
  console.log(isRight ? '\nAll as it should be.' : '\nThis is not as it should be.');
  if (isRight)
    console.log('`bin/conmonctl doctor` checks this machine, `bin/conmonctl --help` tells the rest.');
  return isRight ? 0 : 1;
}

/** Runs a command line as somebody would type it, its output here; returns its exit status. */
function show(args: readonly string[], typed = args.join(' ')): number | null {
  console.log(`$ conmonctl ${typed}`);
  return runConmonctl(args, 'inherit').status;
}

/** Returns its output. */
function capture(args: readonly string[]): string {
  return runConmonctl(args, 'pipe').stdout;
}

function runConmonctl([command = '', ...args]: readonly string[], output: 'inherit' | 'pipe' | 'ignore') {
  return spawnSync(process.execPath, [conmonctl, command, ...globals, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', output, output === 'inherit' ? 'inherit' : 'ignore'],
    timeout: 60_000,
  });
}

function readMonitor(id: string): { readonly pid: number; readonly name: string } {
  const { monitorPid } = JSON.parse(capture(['state', '--json', id]));
  return { pid: monitorPid, name: readFileSync(`/proc/${monitorPid}/comm`, 'utf8').trim() };
}

/** runc or crun, where a trial container can be created by it; else hostrun, which needs nothing. */
function chooseRuntime(): Runtime {
  const named = process.env['RUNTIME'];
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(isStatic);
  if (busybox !== undefined && named !== 'hostrun') {
    for (const name of named === undefined ? ['runc', 'crun'] : [named]) {
      const path = name.includes('/') ? name : findInPath(name, ['/usr/sbin', '/sbin', '/usr/local/sbin']);
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

/** Its output goes nowhere: the container would hold a pipe, and we would wait for it. */
function callRuntime(path: string, ...args: string[]) {
  const words = ['--root', join(work, 'trial-state'), ...args];
  return spawnSync(path, words, { stdio: 'ignore', timeout: 20_000 });
}

function say(title: string): void {
  console.log(`\n${title}`);
}
