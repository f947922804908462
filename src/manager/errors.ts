// What the manager says no with: a closed set, whatever went wrong. Every class has a `code` to switch on; those that
// stem from another program carry its words, so that a person reads what the runtime said and not only that it said
// something.

import { boundText } from './bound-text.ts';

/** Base of all errors of this library. */
export class ManagerError extends Error {
  override readonly name: string = 'ManagerError';
  /** A constant to switch on, for example `'ERR_NOT_FOUND'`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No container of this ID is known, and none ended within the last five minutes. `code` is `'ERR_NOT_FOUND'`. */
export class NotFoundError extends ManagerError {
  override readonly name = 'NotFoundError';

  constructor(id: string, incarnation?: string) {
    const meant = incarnation === undefined ? id : `${id} (incarnation ${incarnation})`;
    super('ERR_NOT_FOUND', `container ${meant} does not exist`);
  }
}

/** The ID is taken. `code` is `'ERR_EXISTS'`. */
export class ExistsError extends ManagerError {
  override readonly name = 'ExistsError';

  constructor(id: string, options?: ErrorOptions) {
    super('ERR_EXISTS', `container ${id} exists already`, options);
  }
}

/** An argument that can't be right, found before anything was done. `code` is `'ERR_ARGUMENT'`. */
export class ArgumentError extends ManagerError {
  override readonly name = 'ArgumentError';

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_ARGUMENT', message, options);
  }
}

/** The container is not in a state in which this can be done. `code` is `'ERR_STATE'`. */
export class StateError extends ManagerError {
  override readonly name = 'StateError';

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_STATE', message, options);
  }
}

/** What is written down of a container can't be understood: somebody else has touched it, or a later version wrote it.
 * A deletion by force removes it. `code` is `'ERR_RECORD'`. */
export class RecordError extends ManagerError {
  override readonly name = 'RecordError';

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_RECORD', message, options);
  }
}

/** What is asked for needs the addon `dist/sys.node`, which does not load here. `code` is `'ERR_ADDON'`. */
export class AddonError extends ManagerError {
  override readonly name = 'AddonError';

  /** `reason` says why it does not load, and how to get it. */
  constructor(what: string, reason: string) {
    super('ERR_ADDON', `Node.js alone can’t ${what}, and ${reason}`);
  }
}

/** The system refused the library something of its own: no file descriptors, no space, no permission, a failing disk.
 * `code` is `'ERR_SYSTEM'`; {@link SystemError.errno} says which, and `cause` is Node's own error where there is one. */
export class SystemError extends ManagerError {
  override readonly name = 'SystemError';
  /** For example `'ENOSPC'`. */
  readonly errno: string;
  /** For example `'open'`. */
  readonly syscall: string;
  readonly path: string | undefined;

  constructor(
    message: string,
    facts: { readonly errno: string; readonly syscall: string; readonly path?: string | undefined },
    options?: ErrorOptions,
  ) {
    super('ERR_SYSTEM', message, options);
    this.errno = facts.errno;
    this.syscall = facts.syscall;
    this.path = facts.path;
  }
}

/** A {@link Placement} of the caller's failed with an error of its own, which is the `cause`. `code` is
 * `'ERR_PLACEMENT'`. */
export class PlacementError extends ManagerError {
  override readonly name = 'PlacementError';

  constructor(id: string, cause: unknown) {
    super('ERR_PLACEMENT', `the monitor of container ${id} could not be placed: ${describe(cause)}`, {
      cause,
    });
  }
}

/** A fault of this library: please report it, with the `cause` and its stack. `code` is `'ERR_INTERNAL'`. */
export class InternalError extends ManagerError {
  override readonly name = 'InternalError';

  constructor(cause: unknown) {
    super('ERR_INTERNAL', `a fault of conmon-ts: ${describe(cause)}`, { cause });
  }
}

/** A time limit passed. `code` is `'ERR_TIME_LIMIT'`. */
export class TimeLimitError extends ManagerError {
  override readonly name = 'TimeLimitError';
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  /** The program that took so long, and its arguments, where it was one. */
  readonly command: readonly string[] | undefined;
  /** What that had said on standard error by then, as {@link CommandFailure.stderr} has it. */
  readonly stderr: string | undefined;

  constructor(what: string, limitMs: number, options: ErrorOptions & Partial<SlowProgram> = {}) {
    super('ERR_TIME_LIMIT', `${what} took longer than ${limitMs} ms`, options);
    this.limitMs = limitMs;
    this.command = options.command;
    this.stderr = options.stderr && boundText(options.stderr, stderrLengthMax);
  }
}

/** A command ran longer than it may, and was killed. `code` is `'ERR_EXEC_TIMEOUT'`; CRI's word is DeadlineExceeded. */
export class ExecTimeoutError extends ManagerError {
  override readonly name = 'ExecTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeoutMs: number;
  /** What it had written by then. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;

  constructor(timeoutMs: number, output: { readonly stdout: Buffer; readonly stderr: Buffer }) {
    super('ERR_EXEC_TIMEOUT', `command timed out after ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** What a program that failed left behind. */
export interface CommandFailure {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Its exit code; `undefined` where a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, for example `'SIGKILL'`. */
  readonly signal?: string | undefined;
  /** What it said on standard error; of much, the beginning and the end. */
  readonly stderr: string;
}

/** What is known of a program whose time is over. */
export type SlowProgram = Pick<CommandFailure, 'command' | 'stderr'>;

/** UTF-16 units of a program's words that an error keeps. */
const stderrLengthMax = 64 * 1024;

/** And that are in its message. */
const wordsLengthMax = 4 * 1024;

/** The OCI runtime failed. `code` is `'ERR_RUNTIME'`. */
export class RuntimeError extends ManagerError {
  override readonly name = 'RuntimeError';
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
  /** The runtime's own words, taken out of its log line where it wrote one; of many, the first and the last. */
  readonly words: string;

  constructor(what: string, words: string, failure: CommandFailure, options?: ErrorOptions) {
    const bounded = boundText(words, wordsLengthMax);
    super('ERR_RUNTIME', `${what}: ${bounded || describeEnd(failure)}`, options);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.stderr = boundText(failure.stderr, stderrLengthMax);
    this.words = bounded;
  }
}

/** The monitor failed, or spoke what can't be understood. `code` is `'ERR_MONITOR'`. */
export class MonitorError extends ManagerError {
  override readonly name = 'MonitorError';
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;

  constructor(what: string, failure: CommandFailure, options?: ErrorOptions) {
    const words = boundText(failure.stderr.trim(), wordsLengthMax);
    super('ERR_MONITOR', words ? `${what}: ${words}` : what, options);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.stderr = boundText(failure.stderr, stderrLengthMax);
  }
}

function describeEnd(failure: CommandFailure): string {
  if (failure.signal !== undefined) return `ended by ${failure.signal}`;
  return failure.exitCode === undefined ? 'could not be started' : `exit code ${failure.exitCode}`;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
