// What each argument of a call may be, for the scripted Sys and for tests. The real one says the same in C, in ./native.
// Nothing is cut, wrapped or rounded: NaN is no fd, and 2^32 no pid.

import type { SpawnPlan, Sys } from './sys.ts';

export interface NumberKind {
  readonly is: 'integer';
  readonly least: number;
  readonly most: number;
}

interface ArrayKind {
  readonly is: 'array';
  readonly of: typeof Uint8Array | typeof Int32Array | typeof Float64Array;
  /** How many elements it has to have. */
  readonly least: number;
}

export type ArgumentKind =
  | NumberKind
  | ArrayKind
  | { readonly is: 'text' }
  /** Bytes, of which the next two arguments, offset and length, name a part. */
  | { readonly is: 'range' }
  | { readonly is: 'plan' }
  | { readonly is: 'signals' };

const int = integer(-(2 ** 31), 2 ** 31 - 1);
const uint8 = integer(0, 2 ** 8 - 1);
const uint32 = integer(0, 2 ** 32 - 1);
/** An unsigned long or a size_t, as far as a number is exact. */
const size = integer(0, Number.MAX_SAFE_INTEGER);
const count = integer(1, Number.MAX_SAFE_INTEGER);
const int64 = integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const text = { is: 'text' } as const;
const range = { is: 'range' } as const;
const stat = array(Float64Array, 9);

/** In the order of the call's arguments. */
export const argumentKinds: { readonly [K in keyof Sys]: KindsOf<Parameters<Sys[K]>> } = {
  open: [text, int, uint32],
  openat: [int, text, int, uint32],
  close: [int],
  read: [int, range, size, size],
  write: [int, range, size, size],
  fsync: [int],
  ftruncate: [int, int64],
  fchmod: [int, uint32],
  fstat: [int, stat],
  lstatat: [int, text, stat],
  access: [text, int],
  rename: [text, text],
  renameat: [int, text, int, text],
  unlink: [text],
  unlinkat: [int, text, int],
  symlink: [text, text],
  mkfifo: [text, uint32],
  umask: [uint32],
  getcwd: [array(Uint8Array, 0)],
  memfdCreate: [text],
  pipe2: [array(Int32Array, 2), int],
  dup3: [int, int, int],
  fcntl: [int, int, int],
  ioctl: [int, size, array(Uint8Array, 8)],
  eventfd: [uint32, int],
  socket: [int],
  bind: [int, text],
  connect: [int, text],
  listen: [int, int],
  accept4: [int, int],
  send: [int, range, size, size, int],
  sendmmsg: [int, uint8, range, size, size, count, int],
  sendto: [int, range, size, size, int, text],
  sendFdTo: [int, int, int, text],
  sendFd: [int, range, size, size, int],
  recv: [int, range, size, size, int],
  recvFd: [int, array(Uint8Array, 1), array(Int32Array, 1)],
  shutdown: [int, int],
  setsockopt: [int, int, int],
  spawn: [{ is: 'plan' }],
  endInCommand: [{ is: 'plan' }, size, uint8, text],
  getpid: [],
  getpgid: [int],
  setsid: [],
  prctl: [int, size],
  kill: [int, int],
  waitpid: [int, array(Int32Array, 1), int],
  pidfdOpen: [int],
  pidfdSendSignal: [int, int],
  signalPipe: [{ is: 'signals' }],
  ignoreSignal: [int],
  exit: [int],
  epollCreate: [],
  epollCtl: [int, int, int, uint32],
  epollWait: [int, array(Int32Array, 2), int],
  inotifyInit: [int],
  inotifyAddWatch: [int, text, uint32],
  madvise: [array(Uint8Array, 0), int],
  getrandom: [array(Uint8Array, 0), uint32],
  clockGettime: [int, array(Float64Array, 2)],
  localtime: [int64, array(Int32Array, 7)],
};

/** Throws the TypeError that the real Sys throws. */
export function checkArguments(name: keyof Sys, args: readonly unknown[]): void {
  argumentKinds[name].forEach((kind: ArgumentKind, i: number) => {
    if (!isRight(kind, args, i))
      throw new TypeError(`sys: wrong argument: ${name} has ${String(args[i])} for its number ${i + 1}`);
  });
}

type KindOf<T> = T extends number
  ? NumberKind
  : T extends string
    ? { readonly is: 'text' }
    : T extends SpawnPlan
      ? { readonly is: 'plan' }
      : T extends readonly number[]
        ? { readonly is: 'signals' }
        : ArrayKind | { readonly is: 'range' };
type KindsOf<Args extends readonly unknown[]> = { readonly [I in keyof Args]: KindOf<Args[I]> };

function integer(least: number, most: number): NumberKind {
  return { is: 'integer', least, most };
}

function array(of: ArrayKind['of'], least: number): ArrayKind {
  return { is: 'array', of, least };
}

function isRight(kind: ArgumentKind, args: readonly unknown[], index: number): boolean {
  const value = args[index];
  switch (kind.is) {
    case 'integer':
      return isIn(kind, value);
    case 'text':
      return typeof value === 'string';
    case 'array':
      return value instanceof kind.of && value.length >= kind.least;
    case 'range':
      return value instanceof Uint8Array && isPartOf(value, args[index + 1], args[index + 2]);
    case 'signals':
      return Array.isArray(value) && value.every(number => isIn(int, number));
    case 'plan':
      return isPlan(value);
  }
}

function isIn(kind: NumberKind, value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= kind.least && (value as number) <= kind.most;
}

function isPartOf(bytes: Uint8Array, offset: unknown, length: unknown): boolean {
  return isIn(size, offset) && isIn(size, length) && (offset as number) + (length as number) <= bytes.length;
}

function isPlan(value: unknown): boolean {
  const plan = (value ?? {}) as { readonly [Name in keyof SpawnPlan]: unknown };
  const { file, argv, environ, fds, parentDeathSignal, oomScoreAdj = '', openFilesMax = 0, listenPid } = plan;
  return (
    isWord(file) &&
    Array.isArray(argv) &&
    argv.every(isWord) &&
    environ instanceof Uint8Array &&
    Array.isArray(fds) &&
    fds.every(fd => isIn(int, fd?.from) && isIn(int, fd?.to)) &&
    isIn(int, parentDeathSignal) &&
    isWord(oomScoreAdj) &&
    isIn(int64, openFilesMax) &&
    (listenPid === undefined || typeof listenPid === 'boolean')
  );
}

/** A NUL would end it before its end. */
function isWord(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}
