// A monitor's whole life over the scripted Sys: what happens to it is told turn by turn, and what it does is read from
// the calls that it made, in the words of those who would see it.

import assert from 'node:assert/strict';
import { Monitor } from '../../src/monitor/monitor.ts';
import { acceptOptions } from '../../src/options/accept.ts';
import { parseArguments } from '../../src/options/parse.ts';
import {
  EPOLLHUP,
  EPOLLIN,
  EPOLLRDHUP,
  O_CREAT,
  PR_SET_CHILD_SUBREAPER,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
  SIGCHLD,
  SIGKILL,
  WNOHANG,
} from '../../src/sys/constants.ts';
import { ECHILD, ENOENT, ESRCH } from '../../src/sys/errno.ts';
import { type Call, createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import type { SpawnPlan } from '../../src/sys/sys.ts';

/** Numbers of what is not opened by the monitor, or is named by its kind. */
export const [syncFd, startFd, attachFd, verdictFd] = [10, 11, 12, 13];
export const parkedFds = [20, 21];
const [signalFd, listenerFd, consoleListenerFd] = [30, 31, 32];
export const [pidfd, clientFd, terminalFd] = [33, 34, 35];
export const [runtimePid, containerPid] = [5000, 777];

export const create = [
  ...['--api-version', '1', '-c', 'id', '-u', 'uuid', '-b', '/bundle', '-r', '/runtime', '-p', '/pidfile'],
  ...['-l', 'k8s-file:/log', '--full-attach', '--exit-dir', '/exits', '--persist-dir', '/persist'],
  ...['-P', '/conmon-pid', '--exit-command', '/cleanup', '--exit-command-arg', 'id'],
];
export const exec = [...create, '--exec', '--exec-process-spec', '/spec'];
/** As Podman's and CRI-O's older callers start it: no version, no exit command. */
export const legacyExec = [
  ...['-c', 'id', '-r', '/runtime', '-p', '/pidfile', '-l', 'k8s-file:/log'],
  ...['--exec', '--exec-process-spec', '/spec'],
];

export const exited = (code: number): number => code << 8;

export interface Deed {
  /** Which call it was, counted from 0. */
  readonly call: number;
  readonly text: string;
}

export class Life {
  readonly sys: ScriptedSys;
  readonly messages: string[] = [];
  readonly #args: readonly string[];
  readonly #turns: (() => void)[] = [];
  readonly #paths = new Map<number, string>();
  readonly #contents = new Map<string, Buffer>();
  readonly #pipes: [read: number, write: number][] = [];
  #hung = false;
  /** The wait status of the exit command. */
  exitCommandStatus = 0;
  /** What waiting is refused with, from when it is set; 0 for nothing. */
  waitErrno = 0;
  /** The container's process cannot be killed: it waits for a disk, or we may not. */
  isUnkillable = false;
  /** The processes that run: of the runtime and of the container, which is there as soon as the runtime is. */
  readonly running = new Set<number>();
  /** How many calls had been made when the messages were told to let go of stderr. */
  readonly stderrDetachedAt: number[] = [];
  /** How many calls had been made when the monitor was there, but had not begun. */
  callsBefore = 0;

  constructor(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    this.#args = args;
    this.variables = { _OCI_SYNCPIPE: `${syncFd}`, ...variables };
    this.sys = createScriptedSys();
    this.#scriptSystem();
  }

  readonly variables: Readonly<Record<string, string>>;

  // --- what happens ----------------------------------------------------------------------------------------------

  /** What happens before the next turn of the reactor that has none yet, all of it at once. */
  turn(...happenings: (() => void)[]): this {
    this.#turns.push(() => {
      for (const happen of happenings) happen();
    });
    return this;
  }

  readonly runtimeEnds = (status = 0) => this.#dies(runtimePid, status);
  readonly containerEnds = (status = 0) => this.#dies(containerPid, status);

  /** The container was somebody else's child: its end is seen, its status is not. */
  readonly containerVanishes = () => () => {
    this.running.delete(containerPid);
    this.sys.events(pidfd, EPOLLIN);
  };

  readonly signal =
    (...numbers: number[]) =>
    () => {
      this.sys.arrive(signalFd, Uint8Array.from(numbers)).events(signalFd, EPOLLIN);
    };

  /** The container, or the runtime in its place, writes. */
  readonly says =
    (stream: 'stdin' | 'stdout' | 'stderr', ...texts: (string | number)[]) =>
    () => {
      const fd = this.pipe(stream);
      this.sys.arrive(fd, ...texts).events(fd, texts.includes(0) ? EPOLLHUP : EPOLLIN);
    };

  readonly clientComes = () => () => {
    this.sys.answer('accept4', clientFd).events(listenerFd, EPOLLIN);
  };

  readonly clientSends = (text: string) => () => {
    this.sys.arrive(clientFd, text).events(clientFd, EPOLLIN);
  };

  /** It sends no more, and reads on. */
  readonly clientEnds = () => () => {
    this.sys.arrive(clientFd, 0).events(clientFd, EPOLLIN | EPOLLRDHUP);
  };

  /** Somebody writes to the ctl fifo. */
  readonly control = (text: string) => () => {
    const found = this.#fdOf('ctl');
    const fd = this.#fdOf(`/proc/self/fd/${found}`);
    this.sys.arrive(fd, text).events(fd, EPOLLIN);
  };

  readonly consoleComes = () => () => {
    const connection = 36;
    this.sys.answer('accept4', connection).answer('recvFd', (_fd, _buf, out) => {
      out[0] = terminalFd;
      return 1;
    });
    this.sys.events(consoleListenerFd, EPOLLIN).events(connection, EPOLLIN);
  };

  readonly callerGoes = () => () => {
    this.sys.arrive(startFd, '\0').events(startFd, EPOLLIN);
  };

  readonly nothing = () => () => {};

  /** Returns the monitor's exit status. */
  run(): number {
    const status = this.start().run();
    assert.ok(!this.#hung, `it waits for ever: ${this.deeds().join('; ')}`);
    return status;
  }

  start(): Monitor {
    const { sys } = this;
    const say = (level: string) => (text: string) => this.messages.push(`${level}: ${text}`);
    const bytes = this.#args.map(arg => new TextEncoder().encode(arg));
    const values = parseArguments(bytes, 'utf-8');
    assert.ok(values !== 'help');
    const options = acceptOptions(values, { cwd: () => '/work', access: () => 0 });
    const handoff = {
      argv: new Uint8Array(),
      environ: Buffer.from(
        Object.entries(this.variables)
          .map(([name, value]) => `${name}=${value}\0`)
          .join(''),
      ),
      verdictFd,
      inheritedFds: [syncFd, startFd, attachFd, verdictFd, ...parkedFds].filter(
        fd => fd !== verdictFd && (fd !== attachFd || '_OCI_ATTACHPIPE' in this.variables),
      ),
      openFilesMax: 1024,
    };
    const monitor = new Monitor(sys, options, handoff, {
      error: say('error'),
      warn: say('warn'),
      info: say('info'),
      debug: () => {},
      prepareWarning: text => `prepared: ${text}`,
      detachStderr: () => {
        this.stderrDetachedAt.push(sys.calls.length);
      },
    });
    this.callsBefore = sys.calls.length;
    return monitor;
  }

  // --- what it did -----------------------------------------------------------------------------------------------

  /** Our end of the container's pipe. */
  pipe(name: 'stdin' | 'stdout' | 'stderr'): number {
    const stdin = this.#args.includes('-i') && !this.#args.includes('-t');
    const names = [stdin ? 'stdin' : '', this.#args.includes('-t') ? '' : 'stdout', 'stderr'].filter(Boolean);
    const [read, write] = this.#pipes[names.indexOf(name)]!;
    return name === 'stdin' ? write : read;
  }

  /** The container's ID. */
  get id(): string {
    return this.#args[this.#args.indexOf('-c') + 1]!;
  }

  /** What the caller got on the sync pipe, as it came. */
  get answers(): string[] {
    return this.sys.sent(syncFd).map(String);
  }

  /** The files as they are in the end, by their paths. */
  get files(): Record<string, string> {
    this.deeds();
    return Object.fromEntries([...this.#contents].map(([path, bytes]) => [path, bytes.toString()]));
  }

  /** The log's lines, without their times. */
  get log(): string[] {
    const lines = this.files['/log']?.split('\n').slice(0, -1) ?? [];
    return lines.map(line => line.slice(line.indexOf(' ') + 1));
  }

  /** What was started, in order. */
  get spawned(): SpawnPlan[] {
    return this.sys.called('spawn').map(([, plan]) => plan as SpawnPlan);
  }

  /** What others can see of what it did, in order. */
  deeds(): string[] {
    return this.deedsByCall().map(({ text }) => text);
  }

  deedsByCall(): Deed[] {
    this.#contents.clear();
    const written = new Map<number, Buffer[]>();
    const deeds: Deed[] = [];
    for (const [at, call] of this.sys.calls.entries()) {
      const text = this.#describe(call, written);
      if (text !== undefined && deeds.at(-1)?.text !== text) deeds.push({ call: at, text });
    }
    return deeds;
  }

  #describe(call: Call, written: Map<number, Buffer[]>): string | undefined {
    const [name, first, second] = call;
    const sentBefore = (fd: number) => written.get(fd)?.length ?? 0;
    switch (name) {
      case 'write': {
        const fd = first as number;
        const bytes = this.sys.sent(fd)[sentBefore(fd)] ?? Buffer.alloc(0);
        written.set(fd, [...(written.get(fd) ?? []), bytes]);
        if (fd === syncFd) return `answer ${bytes.toString().trim()}`;
        if (fd === attachFd) return `attach pipe ${bytes.toString().trim()}`;
        if (fd === verdictFd) return 'verdict';
        const path = this.#paths.get(fd);
        if (path === undefined) return undefined;
        this.#contents.set(path, Buffer.concat(written.get(fd)!));
        return path === '/log' ? 'log' : undefined;
      }
      case 'rename': {
        const content = this.#contents.get(first as string);
        this.#contents.delete(first as string);
        if (content) this.#contents.set(second as string, content);
        return `file ${second}: ${content}`;
      }
      case 'unlink':
        this.#contents.delete(first as string);
        return undefined;
      case 'fsync':
        return this.#paths.get(first as number) === '/log' ? 'sync log' : undefined;
      case 'setsid':
        return 'session';
      case 'prctl':
        return first === PR_SET_CHILD_SUBREAPER ? (second ? 'subreaper' : 'no subreaper') : undefined;
      case 'dup3':
        return 'let go of stdio';
      case 'mkfifo':
        return `fifo ${String(first).split('/').at(-1)}`;
      case 'bind':
        return String(first) === String(listenerFd) ? 'bind attach' : undefined;
      case 'unlinkat':
        return second === 'attach' ? 'unlink attach' : undefined;
      case 'spawn':
        return `start ${(first as SpawnPlan).file}`;
      case 'kill':
        return `signal ${second} to ${first}`;
      case 'pidfdSendSignal':
        return `signal ${second} to the container`;
      case 'close':
        if (parkedFds.includes(first as number)) return 'close parked fds';
        if (first === clientFd) return 'close client';
        return first === syncFd ? 'close sync pipe' : undefined;
      default:
        return undefined;
    }
  }

  // --- the system ------------------------------------------------------------------------------------------------

  #dies(pid: number, status: number): () => void {
    return () => {
      if (pid === runtimePid && status !== 0) this.running.delete(containerPid);
      this.#bury(pid, status);
      this.signal(SIGCHLD)();
    };
  }

  #bury(pid: number, status: number): void {
    if (!this.running.delete(pid)) return;
    this.sys.dies(pid, status);
    if (pid === containerPid) this.sys.events(pidfd, EPOLLIN);
  }

  #signal(pid: number, signal: number): number {
    if (!this.running.has(pid)) return -ESRCH;
    if (signal !== SIGKILL || this.isUnkillable) return 0;
    this.#dies(pid, SIGKILL)();
    return 0;
  }

  #reap(pid: number, status: Int32Array, options: number): number {
    const ended = this.sys.bury(pid, status);
    if (ended > 0) return ended;
    if (pid === -1 ? this.running.size === 0 : !this.running.has(pid)) return -ECHILD;
    if ((options & WNOHANG) === 0) throw new Error(`waitpid would wait for ever for ${pid}`);
    return 0;
  }

  #scriptSystem(): void {
    const { sys } = this;
    const names = new Set<string>();
    const fill = (out: Float64Array | Int32Array, values: readonly number[]) => {
      out.set(values);
      return 0;
    };
    sys
      .arrive(verdictFd, '\0', 0)
      .file('/pidfile', `${containerPid}`)
      .file('/proc/self/oom_score_adj', '100\n')
      .file(`/proc/${containerPid}/cgroup`, '0::/\n')
      .always('spawn', plan => {
        const pid = sys.startChild();
        if (plan.file === '/cleanup') sys.dies(pid, this.exitCommandStatus);
        else for (const started of [runtimePid, containerPid]) this.running.add(started);
        return pid;
      })
      .always('kill', (pid, signal) => this.#signal(Math.abs(pid), signal))
      .always('pidfdSendSignal', (_pidfd, signal) => this.#signal(containerPid, signal))
      .always('waitpid', (pid, status, options) => this.#reap(pid, status, options))
      .always('signalPipe', signalFd)
      .always('pidfdOpen', pidfd)
      .always('getpgid', pid => (pid === 0 ? 4242 : pid))
      .always('socket', type =>
        type % 16 === 5 ? listenerFd : type % 16 === 1 ? consoleListenerFd : sys.freshFd(),
      )
      .always('open', (path, flags) => this.#open(path, flags))
      .always('openat', (_dirfd, path) => this.#open(path, 0))
      .always('bind', (_fd, path) => {
        names.add(path.split('/').at(-1)!);
        return 0;
      })
      .always('pipe2', out => {
        const pipe: [number, number] = [sys.freshFd(), sys.freshFd()];
        this.#pipes.push(pipe);
        return fill(out, pipe);
      })
      .always('lstatat', (_dirfd, path, out) =>
        names.has(path) ? fill(out, [S_IFSOCK | 0o700, 0, 0, 0, 1, 1, 1]) : -ENOENT,
      )
      .always('symlink', (_target, path) => {
        names.add(path);
        return 0;
      })
      .always('fstat', (fd, out) => {
        const path = this.#paths.get(fd) ?? '';
        const type = /ctl|winsz/.test(path) ? S_IFIFO : /^attach$/.test(path) ? S_IFLNK : S_IFREG;
        return fill(out, [type | 0o640, 0, 0, 0, 1, 1, 1]);
      })
      .always('epollWait', (_epfd, out, timeoutMs) => this.#wait(out, timeoutMs));
  }

  /** A turn that concerns nobody who waits is over at once, unless a timer waits for its time to pass. */
  #wait(out: Int32Array, timeoutMs: number): number {
    for (;;) {
      this.#turns.shift()?.();
      if (this.waitErrno !== 0) return -this.waitErrno;
      this.#hung = timeoutMs < 0 && this.#turns.length === 0;
      const due = this.sys.report(out, timeoutMs < 0 && !this.#hung ? 0 : timeoutMs);
      this.#hung = false;
      if (due > 0 || timeoutMs >= 0) return due;
    }
  }

  #fdOf(path: string): number {
    const found = [...this.#paths].find(([, other]) => other === path);
    assert.ok(found, `${path} has not been opened`);
    return found[0];
  }

  #open(path: string, flags: number): number {
    const fd = this.sys.openFile(path);
    if (fd >= 0) this.#paths.set(fd, path);
    if (fd >= 0 && flags & O_CREAT) this.#contents.set(path, Buffer.alloc(0));
    return fd;
  }
}
