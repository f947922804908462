// One conmon with one container of the runtime that does nothing (programs/runtime.c).

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { IN_CLOEXEC, O_RDWR, SIGKILL } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { startConmon } from '../fixtures/caller.ts';
import { must, waitForEnd, waitReadable } from '../fixtures/waiting.ts';
import type { Conmon } from '../podman/harness/conmons.ts';

/** Where the benchmark keeps its files, and the programs that it has made there. */
export interface Workplace {
  readonly directory: string;
  readonly runtime: string;
  readonly reader: string;
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

/** Podman hands its caller's whole environment on; this is about as much as a login shell has. */
const loginEnvironment = Object.fromEntries(
  Array.from({ length: 25 }, (_, i) => [
    `VARIABLE_OF_A_LOGIN_${i}`,
    `/some/path/or/setting/number/${i}:and/another`,
  ]),
);
const IN_CREATE = 0x100;
const IN_MOVED_TO = 0x80;
const containerId = 'bench';
/** The longest that anything here takes on a machine with other work: 10 GB of log. */
const limitMs = 300_000;

export function makeWorkplace(parent: string): Workplace {
  const directory = mkdtempSync(join(parent, 'conmon-ts-bench-'));
  const compile = (name: string) => {
    const program = join(directory, name);
    const source = join(import.meta.dirname, 'programs', `${name}.c`);
    execFileSync(process.env.CC ?? 'cc', ['-O2', '-Wall', '-Wextra', '-static', source, '-o', program]);
    return program;
  };
  return { directory, runtime: compile('runtime'), reader: compile('reader') };
}

export class BenchMonitor {
  readonly directory: string;
  readonly log: string;
  readonly pid: number;
  readonly containerPid: number;
  /** From the start of conmon to the container's pid on the sync pipe. */
  readonly startMs: number;
  readonly #caller: ReturnType<typeof startConmon>;
  readonly #orders: number;
  readonly #replies: number;
  readonly #linger: number;
  readonly #exitDir: string;
  readonly #exits: number;

  constructor(workplace: Workplace, conmon: Conmon, options: BenchOptions = {}) {
    this.directory = mkdtempSync(join(workplace.directory, 'monitor-'));
    const at = (name: string) => join(this.directory, name);
    this.#exitDir = at('exits');
    for (const name of ['bundle', 'exits', 'persist']) mkdirSync(at(name));
    execFileSync('mkfifo', [at('orders'), at('replies'), at('linger')]);
    // Both ways, so that opening waits for nobody.
    this.#orders = openSync(at('orders'), O_RDWR);
    this.#replies = openSync(at('replies'), O_RDWR);
    this.#linger = openSync(at('linger'), O_RDWR);
    this.log = at('log');
    this.#exits = must(sys.inotifyInit(IN_CLOEXEC), 'inotify_init1');
    must(sys.inotifyAddWatch(this.#exits, this.#exitDir, IN_CREATE | IN_MOVED_TO), 'inotify_add_watch');
    const stdio = openSync('/dev/null', O_RDWR);
    const linger = options.lingers ? ['head', '-c', '1', at('linger')] : [];
    const start = performance.now();
    this.#caller = startConmon({
      conmon: conmon.path,
      apiVersion: true,
      stdio: [stdio, stdio, 2],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        ...loginEnvironment,
        BENCH_ORDERS: at('orders'),
        BENCH_REPLIES: at('replies'),
        BENCH_LINE_BYTES: String(options.lineBytes ?? 0),
        BENCH_TOTAL_BYTES: String(options.totalBytes ?? 0),
        ...(options.stays ? { BENCH_STAYS: '1' } : {}),
      },
      args: [
        ...['-c', containerId, '-u', containerId, '-n', 'name', '-r', workplace.runtime, '-b', at('bundle')],
        ...['-p', at('pidfile'), '-P', at('conmon-pidfile'), '--exit-dir', this.#exitDir],
        ...['--persist-dir', at('persist'), '--full-attach', '-l', options.log ?? `k8s-file:${this.log}`],
        ...['--log-level', 'error', ...linger.flatMap(arg => ['--exit-command-arg', arg])],
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
    const status = this.#caller.wait();
    if (status !== 0) throw new Error(`${conmon.path} ends with ${status}`);
    this.pid = Number(readFileSync(at('conmon-pidfile'), 'utf8'));
  }

  get attachSocket(): string {
    return join(this.directory, 'bundle/attach');
  }

  /** Has the container print. */
  print(): void {
    writeSync(this.#orders, 'p');
  }

  /** Until all that was printed has been read; for a container that stays. */
  awaitRead(): void {
    waitReadable(this.#replies, 'the last byte to be read', limitMs);
  }

  kill(): void {
    must(sys.kill(this.containerPid, SIGKILL), 'kill');
  }

  /** Until the exit file is there. */
  awaitExitFile(): void {
    const events = Buffer.alloc(4096);
    while (!existsSync(join(this.#exitDir, containerId))) {
      waitReadable(this.#exits, 'the exit file', limitMs);
      must(sys.read(this.#exits, events, 0, events.length), 'read');
    }
  }

  /** Waits for the end of the monitor of a container that has ended, or was killed, and removes all files. */
  close(): void {
    this.awaitExitFile();
    writeSync(this.#linger, '.');
    waitForEnd(this.pid);
    for (const fd of [this.#orders, this.#replies, this.#linger, this.#exits]) closeSync(fd);
    this.#caller.remove();
    rmSync(this.directory, { recursive: true });
  }
}
