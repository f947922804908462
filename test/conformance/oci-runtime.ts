// Containers of a real OCI runtime on a stage: runc where it can run here, else hostrun.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BundleOptions, makeBundle } from '../fixtures/bundle.ts';
import { busyboxPath, runcPath } from '../podman/harness/machine.ts';
import { cid, type OptionValue } from './run.ts';
import type { Stage } from './stage.ts';

const hostrun = join(import.meta.dirname, '../../bin/hostrun');
const applets = ['sh', 'cat', 'dd', 'echo', 'stty', 'tty', 'sleep', 'readlink', 'ls', 'head', 'tail', 'true'];

export async function probeRunc(): Promise<string | undefined> {
  if (runcPath === undefined) return 'runc';
  if (busyboxPath === undefined) return 'a static busybox (Debian: busybox-static)';
  const dir = mkdtempSync(join(tmpdir(), 'conformance-probe-'));
  try {
    writeConfig(dir, makeRootfs(dir), { args: ['/bin/true'] });
    const { status, stderr } = spawnSync(
      runcPath,
      ['--root', join(dir, 'run'), 'run', `probe-${process.pid}`],
      {
        cwd: dir,
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    return status === 0 ? undefined : `a machine on which runc can run containers (here: ${stderr.trim()})`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function probeTerminals(): Promise<string | undefined> {
  if ((await probeRunc()) === undefined) return undefined;
  return import('node-pty').then(
    () => undefined,
    () => 'runc, or node-pty for hostrun',
  );
}

export interface OciContainerOptions extends BundleOptions {
  /** Of RAM, and none of swap. */
  readonly memoryBytesMax?: number;
}

/** Writes the stage's bundle. The container is there when conmon has been started with `options`, and runs after `start`. */
export async function makeOciContainer(stage: Stage, container: OciContainerOptions) {
  const runtime = (await probeRunc()) === undefined ? runcPath! : hostrun;
  // Not on the stage: what the runtime leaves is not conmon's.
  const dir = mkdtempSync(join(tmpdir(), 'conformance-oci-'));
  const root = join(dir, 'run');
  writeConfig(stage.at('bundle'), makeRootfs(dir), container);
  const call = (...args: string[]) =>
    execFileSync(runtime, ['--root', root, ...args], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  stage.onClose(() => {
    spawnSync(runtime, ['--root', root, 'delete', '--force', cid], { stdio: 'ignore' });
    rmSync(dir, { recursive: true, force: true });
  });
  const options: Record<string, OptionValue> = { '-r': runtime, '--runtime-arg': ['--root', root] };
  return {
    options,
    start: () => call('start', cid),
    kill: (signal: string) => call('kill', cid, signal),
    call,
  };
}

function makeRootfs(dir: string): string {
  const rootfs = join(dir, 'rootfs');
  for (const name of ['bin', 'dev', 'proc', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true });
  if (busyboxPath === undefined) return rootfs; // hostrun has no need of it
  copyFileSync(busyboxPath, join(rootfs, 'bin/busybox'));
  chmodSync(join(rootfs, 'bin/busybox'), 0o755);
  for (const name of applets) symlinkSync('busybox', join(rootfs, 'bin', name));
  return rootfs;
}

let count = 0;

function writeConfig(bundle: string, rootfs: string, container: OciContainerOptions): void {
  makeBundle(bundle, container);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.root.path = rootfs;
  config.linux.cgroupsPath = `/conformance-${process.pid}-${++count}`;
  if (container.memoryBytesMax !== undefined)
    config.linux.resources = { memory: { limit: container.memoryBytesMax, swap: container.memoryBytesMax } };
  writeFileSync(path, JSON.stringify(config));
}
