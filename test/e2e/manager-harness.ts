// What the tests of the library share: the conmons it runs over, the runtimes there are, and bundles for these.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { findInPath } from '../../src/manager/executables.ts';
import {
  type ExecSyncOptions,
  ExecTimeoutError,
  Runtime,
  type RuntimeOptions,
} from '../../src/manager/index.ts';
import { makeBundle } from '../fixtures/bundle.ts';
import { conmon, form } from '../fixtures/conmon.ts';
import { hangMs } from '../fixtures/waiting.ts';

export interface Conmon {
  readonly name: string;
  readonly path: string;
}

const managerCommand = join(import.meta.dirname, '../fixtures/manager-command.ts');

export const hostrun = join(import.meta.dirname, '../../bin/hostrun');

/** Ours, and beside its compiled form the C conmon that CONMON_C names or PATH has: once is enough for that one. */
export const conmons: readonly Conmon[] = [
  { name: 'our conmon', path: conmon },
  ...(form === 'compiled'
    ? [{ name: 'C conmon', path: process.env['CONMON_C'] ?? findInPath('conmon') ?? '' }]
    : []),
].filter(({ path }) => existsSync(path));

const mounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
  },
];

const isolation = { namespaces: ['pid', 'ipc', 'uts', 'mount'].map(type => ({ type })) };

/** What the tests' scripts call. */
const applets = ['sh', 'sleep', 'cat', 'head', 'seq', 'stty', 'true', 'kill', 'dd', 'touch'];

/** runc where it can run containers here, else hostrun. */
export const ociRuntime = runcWorks() ? 'runc' : hostrun;

/** A manager with a directory of state of its own; its containers are gone after the test. `Library` is another copy of
 * the library. */
export function makeManager(
  t: TestContext,
  conmon: Conmon,
  options: RuntimeOptions = {},
  Library: typeof Runtime = Runtime,
): Runtime {
  const root = mkdtempSync(join(tmpdir(), 'manager-'));
  const runtime = new Library({ runtime: ociRuntime, conmon: conmon.path, root, ...options });
  t.after(async () => {
    for (const { id } of await runtime.list()) await runtime.delete(id, { force: true });
    rmSync(root, { recursive: true, force: true });
  });
  return runtime;
}

/** Another manager of the same directory of state, perhaps with another runtime for the containers that it creates. */
export function beside(runtime: Runtime, conmon: Conmon, program = ociRuntime): Runtime {
  return new Runtime({ root: runtime.root, conmon: conmon.path, runtime: program });
}

/** Another process that makes one call. */
export function startManager(
  t: TestContext,
  runtime: Runtime,
  conmon: Conmon,
  ociRuntime: string,
  call: string,
  id: string,
  options: object,
) {
  const args = [managerCommand, runtime.root, conmon.path, ociRuntime, call, id, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  return {
    /** Resolves when the call has, with the process ID in its result. */
    done: once(child.stdout, 'data').then(([data]) => Number(data)),
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A bundle that runs a shell script. */
export function makeShellBundle(
  t: TestContext,
  script: string,
  options: {
    readonly terminal?: boolean;
    readonly cwd?: string;
    readonly annotations?: Record<string, string>;
    readonly namespaces?: readonly string[];
  } = {},
): string {
  const dir = mkdtempSync(join(tmpdir(), 'manager-bundle-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { terminal = false, cwd = '/', annotations, namespaces } = options;
  const types = namespaces?.map(type => ({ type }));
  const linux = { ...isolation, ...(types ? { namespaces: types } : {}), cgroupsPath: basename(dir) };
  makeBundle(dir, {
    args: ['/bin/sh', '-c', script],
    terminal,
    cwd,
    config: { mounts, linux, ...(annotations ? { annotations } : {}) },
  });
  if (ociRuntime === 'runc') fillRootfs(join(dir, 'rootfs'));
  return dir;
}

/** Runs a container to the point where its program has been started. */
export async function runContainer(
  runtime: Runtime,
  id: string,
  bundle: string,
  options: Omit<Parameters<Runtime['create']>[1], 'bundle'> = {},
): Promise<void> {
  await runtime.create(id, { bundle, ...options });
  await runtime.start(id);
}

/** Within which a command is gone once its time is over. */
const killedWithinMs = 14_500;

/** What a command that does not end has said by its time limit, which is long enough for it to say something. */
export async function readOutputAtTimeout(
  runtime: Runtime,
  id: string,
  command: ExecSyncOptions,
  TimeoutError: typeof ExecTimeoutError = ExecTimeoutError,
): Promise<string> {
  for (let timeoutMs = 500; ; timeoutMs *= 2) {
    const begin = performance.now();
    const error = await runtime.execSync(id, { ...command, timeoutMs }).then(
      () => assert.fail('it has ended'),
      (error: unknown) => error,
    );
    assert.ok(error instanceof TimeoutError, String(error));
    assert.ok(performance.now() - begin < timeoutMs + killedWithinMs);
    if (error.stdout.length > 0 || timeoutMs > hangMs) return error.stdout.toString();
  }
}

function fillRootfs(rootfs: string): void {
  const bin = join(rootfs, 'bin');
  mkdirSync(bin, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  for (const applet of applets) symlinkSync('busybox', join(bin, applet));
}

function runcWorks(): boolean {
  if (process.getuid?.() !== 0 || !findInPath('runc') || !existsSync('/bin/busybox')) return false;
  const dir = mkdtempSync(join(tmpdir(), 'manager-probe-'));
  const root = ['--root', join(dir, 'root')];
  try {
    const linux = { ...isolation, cgroupsPath: basename(dir) };
    makeBundle(dir, { args: ['/bin/sh', '-c', 'exit 7'], config: { mounts, linux } });
    fillRootfs(join(dir, 'rootfs'));
    return spawnSync('runc', [...root, 'run', '-b', dir, 'probe'], { stdio: 'ignore' }).status === 7;
  } catch {
    return false;
  } finally {
    if (existsSync(join(dir, 'root', 'probe'))) execFileSync('runc', [...root, 'delete', '--force', 'probe']);
    rmSync(dir, { recursive: true, force: true });
  }
}
