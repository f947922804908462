// The two ways in which the monitor says no: to its caller, and to what it cannot do without.

import { errorName, errorWords } from './errno.ts';

/** The caller's mistake, in conmon's words; printed on stderr as `conmon: <message>`, exit status 1. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The system refused something and there is no way on: the monitor does its last acts and exits with 1. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string | undefined;
  readonly path: string | undefined;

  /** `errno` as the call returned it (negative) or positive; 0 where no call failed. */
  constructor(message: string, from: { errno?: number; syscall?: string; path?: string } = {}) {
    super(from.errno ? `${message}: ${errorWords(from.errno)}` : message);
    this.errno = Math.abs(from.errno ?? 0);
    this.code = this.errno ? errorName(this.errno) : 'EFATAL';
    this.syscall = from.syscall;
    this.path = from.path;
  }
}
