// One conmon with one container of the runtime that does nothing (programs/runtime.c).

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { IN_CLOEXEC, O_RDWR, SIGKILL } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { startConmon } from '../fixtures/caller.ts';
import { must, waitForEnd, waitReadable } from '../fixtures/waiting.ts';
import type { Conmon } from '../podman/harness/conmons.ts';
import { callerEnvironment, containerId, type Folders, makeFolders, podmanCreate } from './command-lines.ts';
import { listChildren, readFaults } from './process-facts.ts';

/** Where the benchmark keeps its files, and the programs that it has made there. */
export interface Workplace {
  readonly directory: string;
  readonly runtime: string;
  readonly reader: string;
  readonly evict: string;
}

export interface BenchOptions {
  /** What the container prints when told to; see programs/runtime.c. */
  readonly lineBytes?: number;
  readonly totalBytes?: number;
  readonly stays?: boolean;
  /** Arguments for conmon next to the usual ones. */
  readonly args?: readonly string[];
  /** The log driver's string; a k8s-file in the monitor's folder when not given. */
  readonly log?: string;
  /** Keeps the monitor after the exit file, for a look at it, until {@link BenchMonitor.close}. */
  readonly lingers?: boolean;
}

const IN_CREATE = 0x100;
const IN_MOVED_TO = 0x80;
/** The longest that anything here takes on a machine with other work: 10 GB of log. */
const limitMs = 300_000;

export function makeWorkplace(parent: string): Workplace {
  const directory = mkdtempSync(join(parent, 'conmon-ts-bench-'));
  const compile = (name: string) => {
    const program = join(directory, name);
    const source = join(import.meta.dirname, 'programs', `${name}.c`);
    execFileSync(process.env['CC'] ?? 'cc', ['-O2', '-Wall', '-Wextra', '-static', source, '-o', program]);
    return program;
  };
  return { directory, runtime: compile('runtime'), reader: compile('reader'), evict: compile('evict') };
}

export class BenchMonitor {
  readonly directory: string;
  readonly pid: number;
  readonly containerPid: number;
  /** From the start of conmon to the container's pid on the sync pipe. */
  readonly startMs: number;
  /** Page faults of the process that was started, which ends once the monitor is there. */
  readonly launcherFaults: number;
  readonly #folders: Folders;
  readonly #caller: ReturnType<typeof startConmon>;
  readonly #orders: number;
  readonly #replies: number;
  readonly #linger: number;
  #exits: number | undefined;

  constructor(workplace: Workplace, conmon: Conmon, options: BenchOptions = {}) {
    this.directory = mkdtempSync(join(workplace.directory, 'monitor-'));
    this.#folders = makeFolders(this.directory);
    const at = (name: string) => join(this.directory, name);
    // Open both ways, so that opening waits for nobody.
    const makeFifo = (name: string) => {
      must(sys.mkfifo(at(name), 0o600), 'mkfifo');
      return openSync(at(name), O_RDWR);
    };
    this.#orders = makeFifo('orders');
    this.#replies = makeFifo('replies');
    this.#linger = makeFifo('linger');
    this.#exits = must(sys.inotifyInit(IN_CLOEXEC), 'inotify_init1');
    must(sys.inotifyAddWatch(this.#exits, this.#folders.exits, IN_CREATE | IN_MOVED_TO), 'inotify_add_watch');
    const stdio = openSync('/dev/null', O_RDWR);
    const linger = options.lingers ? ['head', '-c', '1', at('linger')] : [];
    const start = performance.now();
    this.#caller = startConmon({
      conmon: conmon.path,
      apiVersion: true,
      stdio: [stdio, stdio, 2],
      env: {
        ...callerEnvironment,
        BENCH_ORDERS: at('orders'),
        BENCH_REPLIES: at('replies'),
        BENCH_LINE_BYTES: String(options.lineBytes ?? 0),
        BENCH_TOTAL_BYTES: String(options.totalBytes ?? 0),
        ...(options.stays ? { BENCH_STAYS: '1' } : {}),
      },
      args: [
        ...podmanCreate(workplace.runtime, this.#folders, options.log),
        ...linger.flatMap(arg => ['--exit-command-arg', arg]),
        ...(options.lingers ? ['--exit-command', '/usr/bin/env'] : []),
        ...(options.args ?? []),
      ],
    });
    const report = this.#caller.readSync();
    this.startMs = performance.now() - start;
    closeSync(stdio);
    if (report === undefined || report.value <= 0)
      throw new Error(`${conmon.path} started no container: ${report?.line ?? 'no answer'}`);
    this.containerPid = report.value;
    waitForEnd(this.#caller.pid);
    this.launcherFaults = readFaults(this.#caller.pid);
    const status = this.#caller.wait();
    if (status !== 0) throw new Error(`${conmon.path} ends with ${status}`);
    this.pid = Number(readFileSync(this.#folders.conmonPidFile, 'utf8'));
  }

  get log(): string {
    return this.#folders.log;
  }

  get attachSocket(): string {
    return join(this.#folders.bundle, 'attach');
  }

  get controlFifo(): string {
    return join(this.#folders.bundle, 'ctl');
  }

  /** Has the container print. */
  print(): void {
    writeSync(this.#orders, 'p');
  }

  /** Until all that was printed has been read; for a container that stays. */
  awaitRead(): void {
    waitReadable(this.#replies, 'the last byte to be read', limitMs);
    must(sys.read(this.#replies, Buffer.alloc(1), 0, 1), 'read');
  }

  kill(): void {
    must(sys.kill(this.containerPid, SIGKILL), 'kill');
  }

  /** For one that would wait before it ends. */
  killMonitor(): void {
    for (const pid of [this.pid, ...listChildren(this.pid)]) must(sys.kill(pid, SIGKILL), 'kill');
  }

  /** Until the exit file is there. */
  awaitExitFile(): void {
    if (this.#exits === undefined) return;
    const events = Buffer.alloc(4096);
    while (!existsSync(join(this.#folders.exits, containerId))) {
      waitReadable(this.#exits, 'the exit file', limitMs);
      must(sys.read(this.#exits, events, 0, events.length), 'read');
    }
  }

  /** Gives the watch for the exit file back: a user has 128 of them. */
  stopWatching(): void {
    if (this.#exits !== undefined) closeSync(this.#exits);
    this.#exits = undefined;
  }

  /** Waits for the end of the monitor of a container that has ended, or was killed, and removes all files. */
  close(): void {
    this.awaitExitFile();
    this.stopWatching();
    writeSync(this.#linger, '.');
    waitForEnd(this.pid);
    for (const fd of [this.#orders, this.#replies, this.#linger]) closeSync(fd);
    this.#caller.remove();
    rmSync(this.directory, { recursive: true });
  }
}
