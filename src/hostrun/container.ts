// A container's folder below the state root: state.json, written once it is created; exec.fifo, which exists until
// it is started; processes/, one file for each process that exec started.

import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from './processes.ts';
import { hasCode, RuntimeError } from './runtime-error.ts';

export type Status = 'created' | 'running' | 'stopped';

export interface ContainerRecord {
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly init: ProcessIdentity;
}

export interface Container {
  readonly dir: string;
  readonly fifoPath: string;
  readonly record: ContainerRecord;
}

/** Where state is kept unless --root says otherwise: a folder that is gone after a restart, and nobody else's. */
export function defaultRoot(env: NodeJS.ProcessEnv, uid: number): string {
  if (env['XDG_RUNTIME_DIR'] && uid !== 0) return join(env['XDG_RUNTIME_DIR'], 'hostrun');
  return uid === 0 ? '/run/hostrun' : join(tmpdir(), `hostrun-${uid}`);
}

/** Makes the folder of a container that is not there yet; returns its path. */
export function claimContainer(root: string, id: string, uid: number): string {
  requireId(id);
  mkdirSync(root, { recursive: true, mode: 0o711 });
  if (lstatSync(root).uid !== uid) throw new RuntimeError(`${root} belongs to somebody else`);
  const dir = join(root, id);
  try {
    mkdirSync(dir, { mode: 0o711 });
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new RuntimeError('container with given ID already exists', { cause: error });
    throw error;
  }
  return dir;
}

export function fifoPathIn(dir: string): string {
  return join(dir, 'exec.fifo');
}

export function saveRecord(dir: string, record: ContainerRecord): void {
  replaceFile(join(dir, 'state.json'), JSON.stringify(record));
}

export function loadContainer(root: string, id: string): Container {
  requireId(id);
  const dir = join(root, id);
  try {
    const record = JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as ContainerRecord;
    return { dir, fifoPath: fifoPathIn(dir), record };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new RuntimeError('container does not exist', { cause: error });
    throw error;
  }
}

/** Notes a process that exec started, so that `kill --all` and `delete` find what it leaves behind. */
export function noteProcess(container: Container, { pid, startTime }: ProcessIdentity): void {
  const dir = join(container.dir, 'processes');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, String(pid)), startTime);
}

/** The container's first process, and those that exec started; some may be gone. */
export function listLeaders(container: Container): ProcessIdentity[] {
  const dir = join(container.dir, 'processes');
  let names: string[] = [];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const noted = names.map(name => ({
    pid: Number(name),
    startTime: readFileSync(join(dir, name), 'latin1'),
  }));
  return [container.record.init, ...noted];
}

export function statusOf(container: Container): Status {
  if (!isAlive(container.record.init)) return 'stopped';
  return lstatSync(container.fifoPath, { throwIfNoEntry: false }) ? 'created' : 'running';
}

export function removeContainer(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** Whoever waits for `path` to appear never reads half of it. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o644, flag: 'wx' });
  renameSync(temporary, path);
}

function requireId(id: string): void {
  if (!/^[\w+.-]+$/.test(id) || id === '.' || id === '..')
    throw new RuntimeError('invalid container ID format');
}
