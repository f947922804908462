// The Sys for tests: an answer book. What is not scripted is answered as a quiet system would: calls succeed, new
// fds and pids are fresh numbers, nothing is there to be read. It keeps no model of pipes or of a file system. Wrong
// arguments are refused as the real one refuses them.

import { checkArguments } from './argument-kinds.ts';
import { CLOCK_MONOTONIC, EPOLL_CTL_DEL, EPOLLERR, EPOLLHUP } from './constants.ts';
import { EAGAIN, ECHILD, ENOSYS } from './errno.ts';
import { checkFlags } from './needed-flags.ts';
import type { Sys } from './sys.ts';

type SysCall = keyof Sys;

/** One call as it was made: its name, then its arguments. Buffers are copies. In place of buffer, offset and length
 * stands the Buffer that the call offered, or the length it asked for. Arrays only to be filled are left out. */
export type Call = readonly [SysCall, ...unknown[]];

/** A call's answer, or a function that gives it and may fill the call's buffers. */
type Answer<K extends SysCall> = number | ((...args: Parameters<Sys[K]>) => number);

export type ScriptedSys = Sys & Script;

export function createScriptedSys(): ScriptedSys {
  const script = new Script();
  const names = Object.keys(defaults) as SysCall[];
  const methods = names.map(name => [name, (...args: never[]) => script.perform(name, args)]);
  return Object.assign(script, Object.fromEntries(methods) as Sys);
}

/** Thrown by the scripted `exit`, since the real one does not return. */
export class ScriptedExit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit with status ${status}`);
    this.status = status;
  }
}

class Script {
  readonly calls: Call[] = [];
  /** Seconds and nanoseconds of CLOCK_REALTIME, and of CLOCK_MONOTONIC. */
  readonly realtime: [number, number] = [1_700_000_000, 0];
  readonly monotonic: [number, number] = [1000, 0];
  /** What localtime answers by. */
  utcOffsetSeconds = 0;
  /** What getrandom gives counts up from here. */
  nextRandomByte = 0;

  readonly #answers = new Map<SysCall, AnyAnswer[]>();
  readonly #standing = new Map<SysCall, AnyAnswer>();
  readonly #files = new Map<string, Buffer | number>();
  readonly #arrivals = new Map<number, (Buffer | number)[]>();
  readonly #fileFds = new Set<number>();
  readonly #children = new Set<number>();
  readonly #sent = new Map<number, Buffer[]>();
  readonly #interest = new Map<number, number>();
  #events: { fd: number; events: number }[] = [];
  #deaths: { pid: number; status: number }[] = [];
  #nextFd = 100;
  #nextPid = 5000;

  /** Gives the results of the next calls of that name, in this order, before all else. */
  answer<K extends SysCall>(name: K, ...answers: Answer<K>[]): this {
    append(this.#answers, name, answers as AnyAnswer[]);
    return this;
  }

  /** Gives the result of every call of that name for which no {@link answer} is left, in place of the default. */
  always<K extends SysCall>(name: K, answer: Answer<K>): this {
    this.#standing.set(name, answer as AnyAnswer);
    return this;
  }

  /** What opening that path gives, each time: its content, then the end; or -errno. */
  file(path: string, content: Uint8Array | string | number): this {
    this.#files.set(path, typeof content === 'number' ? content : Buffer.from(content));
    return this;
  }

  /** What read, recv and recvFd of that fd give next: data, or an answer (0 is the end, or -errno); after the last
   * -EAGAIN. read takes a long one in parts; recv takes each as one packet and loses what there is no room for. */
  arrive(fd: number, ...arrivals: (Uint8Array | string | number)[]): this {
    const copies = arrivals.map(arrival => (typeof arrival === 'number' ? arrival : Buffer.from(arrival)));
    append(this.#arrivals, fd, copies);
    return this;
  }

  /** What epollWait reports once, as soon as the fd is watched for it. */
  events(fd: number, events: number): this {
    this.#events.push({ fd, events });
    return this;
  }

  /** A dead child for waitpid to find, with its wait status; one that was spawned or one that was inherited. */
  dies(pid: number, status: number): this {
    this.#deaths.push({ pid, status });
    return this;
  }

  /** Lets time pass on both clocks. */
  advance(ms: number): void {
    for (const clock of [this.realtime, this.monotonic]) {
      const nanoseconds = clock[1] + Math.round(ms * 1e6);
      clock[0] += Math.floor(nanoseconds / 1e9);
      clock[1] = nanoseconds % 1e9;
    }
  }

  /** The calls of these names, in order. */
  called(...names: SysCall[]): Call[] {
    return this.calls.filter(([name]) => names.includes(name));
  }

  /** What write, send, sendto and sendFd took from the caller at that fd, one Buffer a call. */
  sent(fd: number): Buffer[] {
    return this.#sent.get(fd) ?? [];
  }

  /** The same in one piece. */
  written(fd: number): Buffer {
    return Buffer.concat(this.sent(fd));
  }

  /** Throws when something that was scripted has not been asked for. */
  assertDone(): void {
    const left = [
      ...[...this.#answers].flatMap(([name, queue]) => queue.map(() => `an answer of ${name}`)),
      ...[...this.#arrivals].flatMap(([fd, queue]) => queue.map(() => `an arrival at fd ${fd}`)),
      ...this.#events.map(({ fd }) => `an event of fd ${fd}`),
      ...this.#deaths.map(({ pid }) => `the death of ${pid}`),
    ];
    if (left.length > 0) throw new Error(`scripted, but never asked for: ${left.join(', ')}`);
  }

  // --- for the calls below -----------------------------------------------------------------------------------

  perform(name: SysCall, args: never[]): number {
    checkArguments(name, args);
    checkFlags(name, args);
    this.calls.push([name, ...recordArgs(name, args)]);
    const scripted = this.#answers.get(name)?.shift() ?? this.#standing.get(name);
    const answer = scripted ?? (defaults[name] as Default)(this, ...args);
    return this.#keep(name, args, typeof answer === 'number' ? answer : answer(...args));
  }

  freshFd(): number {
    return this.#nextFd++;
  }

  startChild(): number {
    this.#children.add(this.#nextPid);
    return this.#nextPid++;
  }

  openFile(path: string): number {
    const content = this.#files.get(path);
    if (typeof content === 'number') return content;
    const fd = this.freshFd();
    if (content === undefined) return fd;
    this.#fileFds.add(fd);
    if (content.length > 0) this.#arrivals.set(fd, [content]);
    return fd;
  }

  take(fd: number, room: Uint8Array, keepsRest: boolean): number {
    const queue = this.#arrivals.get(fd) ?? [];
    const next = queue.shift() ?? (this.#fileFds.has(fd) ? 0 : -EAGAIN);
    if (typeof next === 'number') return next;
    const taken = next.subarray(0, room.length);
    room.set(taken);
    if (keepsRest && taken.length < next.length) queue.unshift(next.subarray(taken.length));
    return taken.length;
  }

  watch(op: number, fd: number, events: number): number {
    if (op === EPOLL_CTL_DEL) this.#interest.delete(fd);
    else this.#interest.set(fd, events | EPOLLERR | EPOLLHUP);
    return 0;
  }

  report(out: Int32Array, timeoutMs: number): number {
    const due = this.#events
      .filter(({ fd, events }) => ((this.#interest.get(fd) ?? 0) & events) !== 0)
      .slice(0, out.length / 2);
    this.#events = this.#events.filter(event => !due.includes(event));
    out.set(due.flatMap(({ fd, events }) => [fd, events & this.#interest.get(fd)!]));
    if (due.length === 0 && timeoutMs < 0) throw new Error('epollWait would wait for ever');
    if (due.length === 0) this.advance(timeoutMs);
    return due.length;
  }

  bury(pid: number, status: Int32Array): number {
    const death = this.#deaths.find(candidate => pid === -1 || pid === candidate.pid);
    if (!death) return this.#children.size > 0 ? 0 : -ECHILD;
    this.#children.delete(death.pid);
    this.#deaths = this.#deaths.filter(other => other !== death);
    status[0] = death.status;
    return death.pid;
  }

  #keep(name: SysCall, args: never[], answer: number): number {
    if (answer > 0 && offers.has(name)) {
      const [fd, buf, offset] = args as unknown as [number, Uint8Array, number];
      append(this.#sent, fd, [Buffer.from(buf.subarray(offset, offset + answer))]);
    }
    return answer;
  }
}

type AnyAnswer = number | ((...args: never[]) => number);
type Default = (script: Script, ...args: never[]) => number;
const offers: ReadonlySet<SysCall> = new Set(['write', 'send', 'sendto', 'sendFd']);
const asks: ReadonlySet<SysCall> = new Set(['read', 'recv']);
const fills: ReadonlySet<SysCall> = new Set(['getcwd', 'getrandom']);

const regularFile = [0o100644, 0, 0, 0, 1, 1, 1];

const defaults: { readonly [K in SysCall]: (script: Script, ...args: Parameters<Sys[K]>) => number } = {
  open: (script, path) => script.openFile(path),
  openat: (script, _dirfd, path) => script.openFile(path),
  close: () => 0,
  read: (script, fd, buf, offset, length) => script.take(fd, buf.subarray(offset, offset + length), true),
  write: (_script, _fd, _buf, _offset, length) => length,
  fsync: () => 0,
  ftruncate: () => 0,
  fchmod: () => 0,
  fstat: (_script, _fd, out) => fill(out, regularFile),
  lstatat: (_script, _dirfd, _path, out) => fill(out, regularFile),
  access: () => 0,
  rename: () => 0,
  renameat: () => 0,
  unlink: () => 0,
  unlinkat: () => 0,
  symlink: () => 0,
  mkfifo: () => 0,
  umask: () => 0o022,
  getcwd: (_script, buf) => {
    buf.set([0x2f, 0]); // the root
    return 2;
  },
  memfdCreate: script => script.freshFd(),
  pipe2: (script, out) => fill(out, [script.freshFd(), script.freshFd()]),
  dup3: (_script, _from, to) => to,
  fcntl: () => 0,
  ioctl: () => 0,
  eventfd: script => script.freshFd(),
  socket: script => script.freshFd(),
  bind: () => 0,
  connect: () => 0,
  listen: () => 0,
  accept4: () => -EAGAIN,
  send: (_script, _fd, _buf, _offset, length) => length,
  sendmmsg: (_script, _fd, _first, _buf, _offset, length, packetBytes) => Math.ceil(length / packetBytes),
  sendto: (_script, _fd, _buf, _offset, length) => length,
  sendFdTo: () => 0,
  sendFd: (_script, _fd, _buf, _offset, length) => length,
  recv: (script, fd, buf, offset, length) => script.take(fd, buf.subarray(offset, offset + length), false),
  recvFd: (script, fd, buf, out) => {
    out[0] = -1;
    return script.take(fd, buf, false);
  },
  shutdown: () => 0,
  setsockopt: () => 0,
  spawn: script => script.startChild(),
  endInCommand: () => -ENOSYS,
  getpid: () => 4242,
  getpgid: (_script, pid) => pid,
  setsid: () => 4242,
  prctl: () => 0,
  kill: () => 0,
  waitpid: (script, pid, status) => script.bury(pid, status),
  pidfdOpen: script => script.freshFd(),
  pidfdSendSignal: () => 0,
  signalPipe: script => script.freshFd(),
  ignoreSignal: () => 0,
  exit: (_script, status) => {
    throw new ScriptedExit(status);
  },
  epollCreate: script => script.freshFd(),
  epollCtl: (script, _epfd, op, fd, events) => script.watch(op, fd, events),
  epollWait: (script, _epfd, out, timeout) => script.report(out, timeout),
  inotifyInit: script => script.freshFd(),
  inotifyAddWatch: () => 1,
  madvise: () => 0,
  getrandom: (script, buf) => {
    for (let i = 0; i < buf.length; i++) buf[i] = script.nextRandomByte++;
    return buf.length;
  },
  clockGettime: (script, clock, out) =>
    fill(out, clock === CLOCK_MONOTONIC ? script.monotonic : script.realtime),
  localtime: (script, seconds, out) => {
    const at = new Date((seconds + script.utcOffsetSeconds) * 1000).toISOString();
    return fill(out, [...at.slice(0, 19).split(/[-T:]/).map(Number), script.utcOffsetSeconds]);
  },
};

function recordArgs(name: SysCall, args: readonly unknown[]): unknown[] {
  const [fd, buf, offset, length, ...rest] = args as [number, Uint8Array, number, number, ...unknown[]];
  if (offers.has(name)) return [fd, Buffer.from(buf.subarray(offset, offset + length)), ...rest];
  if (asks.has(name)) return [fd, length, ...rest];
  if (name === 'recvFd') return [fd, buf.length];
  if (fills.has(name)) return args.map(arg => (arg instanceof Uint8Array ? arg.length : arg));
  return args
    .filter(arg => !(arg instanceof Int32Array || arg instanceof Float64Array))
    .map(arg => (arg instanceof Uint8Array ? Buffer.from(arg) : arg));
}

function fill(out: Int32Array | Float64Array, values: readonly number[]): number {
  out.set(values);
  return 0;
}

function append<K, V>(lists: Map<K, V[]>, key: K, values: readonly V[]): void {
  const list = lists.get(key) ?? [];
  list.push(...values);
  lists.set(key, list);
}
