// What each subcommand does. Each returns the exit status, or throws.

import { chownSync, closeSync, constants, openSync, readSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorWords } from '../sys/errno.ts';
import { sys } from '../sys/real.ts';
import {
  type ContainerRecord,
  claimContainer,
  fifoPathIn,
  listLeaders,
  loadContainer,
  noteProcess,
  removeContainer,
  replaceFile,
  saveRecord,
  statusOf,
} from './container.ts';
import { isAlive, listSessionMembers } from './processes.ts';
import { describeFailure, hasCode, RuntimeError } from './runtime-error.ts';
import { parseSignal } from './signals.ts';
import { type ProcessSpec, readConfig, readProcess } from './spec.ts';
import { type ProcessOptions, startProcess } from './start-process.ts';

export interface CreateOptions extends ProcessOptions {
  readonly bundle: string;
  readonly pidFile: string | undefined;
}

export interface ExecOptions extends ProcessOptions {
  /** A file with a process specification; undefined where `args` says what to run. */
  readonly process: string | undefined;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string | undefined;
  readonly terminal: boolean;
  readonly detach: boolean;
  readonly pidFile: string | undefined;
}

/** How long `delete --force` waits for a killed process, and between two looks; runc's figures. */
const killWaitMsMax = 10_000;
const pollMs = 2;

/** `create`: the process exists, waits in the fifo, and its pid is in the pid file, when this returns. */
export async function create(root: string, id: string, options: CreateOptions): Promise<number> {
  const uid = process.getuid?.() ?? 0;
  const pidFile = options.pidFile && resolve(options.pidFile);
  const bundle = resolve(options.bundle);
  try {
    process.chdir(bundle);
  } catch (error) {
    throw new RuntimeError(`chdir ${options.bundle}: ${describeFailure(error).replace(/^.*: /, '')}`, {
      cause: error,
    });
  }
  const config = readConfig(join(bundle, 'config.json'));
  const dir = claimContainer(root, id, uid);
  try {
    const fifoPath = makeFifo(dir, uid === 0 ? config.process.uid : uid);
    const { identity } = await startProcess(config.process, options, fifoPath);
    const record: ContainerRecord = {
      ociVersion: config.ociVersion,
      id,
      bundle,
      rootfs: resolve(config.rootPath),
      created: new Date().toISOString(),
      annotations: config.annotations,
      init: identity,
    };
    try {
      saveRecord(dir, record);
      if (pidFile) replaceFile(pidFile, String(identity.pid));
    } catch (error) {
      signal(identity.pid, 9);
      throw error;
    }
  } catch (error) {
    removeContainer(dir);
    throw error;
  }
  return 0;
}

/** `start`: lets the process go that `create` left waiting. */
export function start(root: string, id: string): number {
  const container = loadContainer(root, id);
  const status = statusOf(container);
  if (status === 'running') throw new RuntimeError('cannot start an already running container');
  if (status === 'stopped') throw new RuntimeError('cannot start a container that has stopped');
  const fifo = openSync(container.fifoPath, constants.O_RDONLY | constants.O_NONBLOCK);
  const byte = Buffer.alloc(1);
  // Without O_NONBLOCK this would wait for ever for a process that died meanwhile. One that ended after it was let go has
  // left its byte: it is looked for once more.
  for (let isDead = false; readNow(fifo, byte) === 0; pause(pollMs)) {
    if (isDead) throw new RuntimeError('container process is already dead');
    isDead = !isAlive(container.record.init);
  }
  rmSync(container.fifoPath, { force: true });
  closeSync(fifo);
  return 0;
}

/** `state`: prints the state as the specification of the runtime has it. */
export function state(root: string, id: string): string {
  const container = loadContainer(root, id);
  const status = statusOf(container);
  const { ociVersion, bundle, rootfs, created, annotations, init } = container.record;
  const pid = status === 'stopped' ? 0 : init.pid;
  return `${JSON.stringify({ ociVersion, id, pid, status, bundle, rootfs, created, annotations, owner: '' }, null, 2)}\n`;
}

/** `kill`: signals the first process, or with `all` each process of its session and of those exec started. */
export function kill(root: string, id: string, signalText: string, all: boolean): number {
  const container = loadContainer(root, id);
  const number = parseSignal(signalText);
  if (all) {
    for (const pid of listSessionMembers(listLeaders(container))) signal(pid, number);
    return 0;
  }
  if (statusOf(container) === 'stopped') throw new RuntimeError('container not running');
  try {
    process.kill(container.record.init.pid, number);
  } catch (error) {
    throw new RuntimeError(`unable to signal init: ${describeFailure(error).replace(/^kill: /, '')}`, {
      cause: error,
    });
  }
  return 0;
}

/** `delete`: forgets a container that has stopped, was never started, or with `force` any; ends what it left behind. */
export function remove(root: string, id: string, force: boolean): number {
  let container: ReturnType<typeof loadContainer>;
  try {
    container = loadContainer(root, id);
  } catch (error) {
    if (!(force && error instanceof RuntimeError)) throw error;
    removeHalfMade(root, id);
    return 0;
  }
  const status = statusOf(container);
  if (status === 'running' && !force)
    throw new RuntimeError(`cannot delete container ${id} that is not stopped: ${status}`);
  for (const pid of listSessionMembers(listLeaders(container))) signal(pid, 9);
  const deadlineMs = performance.now() + killWaitMsMax;
  while (isAlive(container.record.init)) {
    if (performance.now() > deadlineMs) throw new RuntimeError('container init still running');
    pause(pollMs);
  }
  removeContainer(container.dir);
  return 0;
}

/** `exec`: one more process. Detached, it returns 0 once the process runs; else that process's exit status. */
export async function exec(root: string, id: string, options: ExecOptions): Promise<number> {
  const container = loadContainer(root, id);
  if (statusOf(container) === 'stopped') throw new RuntimeError('cannot exec in a stopped container');
  const spec =
    options.process === undefined
      ? deriveProcess(container.record.bundle, options)
      : readProcess(options.process);
  if (spec.terminal && !options.detach)
    throw new RuntimeError('a terminal is only to be had with --detach and --console-socket');
  const { child, identity } = await startProcess(spec, options);
  noteProcess(container, identity);
  if (options.pidFile) replaceFile(resolve(options.pidFile), String(identity.pid));
  if (options.detach) return 0;

  child.ref();
  for (const name of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(name, () => child.kill(name));
  return await new Promise(answer =>
    child.once('exit', (code, name) => answer(code ?? 128 + parseSignal(String(name)))),
  );
}

function deriveProcess(bundle: string, options: ExecOptions): ProcessSpec {
  const { process: first } = readConfig(join(bundle, 'config.json'));
  return {
    ...first,
    args: options.args,
    env: [...first.env, ...options.env],
    cwd: options.cwd ?? first.cwd,
    terminal: options.terminal,
  };
}

/** The fifo belongs to whoever the process will be, who has to open it. */
function makeFifo(dir: string, owner: number): string {
  const path = fifoPathIn(dir);
  const answer = sys.mkfifo(path, 0o600);
  if (answer < 0) throw new RuntimeError(`mkfifo ${path}: ${errorWords(answer)}`);
  if (owner !== process.getuid?.()) chownSync(path, owner, -1);
  return path;
}

/** What a create that was killed half-way leaves: a folder without a state. */
function removeHalfMade(root: string, id: string): void {
  if (/^[\w+.-]+$/.test(id) && id !== '.' && id !== '..') removeContainer(join(root, id));
}

function readNow(fd: number, byte: Buffer): number {
  try {
    return readSync(fd, byte);
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return 0;
    throw error;
  }
}

/** To a process that may be gone. */
function signal(pid: number, number: number): void {
  try {
    process.kill(pid, number);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
