// What can be asked of a log.

import { ArgumentError } from '../errors.ts';
import type { LogStream } from './record.ts';

/** Which lines to read. */
export interface LogOptions {
  /** Only the last so many entries of those that the other options select. */
  readonly tail?: number;
  /** Only lines whose end was written then or later. */
  readonly since?: Date;
  /** Only lines whose end was written before. */
  readonly until?: Date;
  /** Only this stream's lines. Default both. */
  readonly stream?: LogStream;
  /** False to leave out files rotated to `LOG.1` and so on. Default true. */
  readonly rotated?: boolean;
  /** True to go on with what is written later, until the container has ended. */
  readonly follow?: boolean;
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal;
  /** Told of each line that is no record, in its place among the entries. With `tail`, of those that are read for it.
   * What it throws ends the reading. */
  readonly onUnreadable?: (line: UnreadableLine) => void;
}

/** A line of a log file that is no record: of another format, damaged, or longer than 2 MiB. */
export interface UnreadableLine {
  /** Its first bytes, 1 KiB at most, without the newline. */
  readonly beginning: Buffer;
  /** How many bytes it has, without the newline. */
  readonly length: number;
}

/** Throws an {@link ArgumentError} for what can't be meant. */
export function checkLogOptions({ tail, since, until, stream }: LogOptions): void {
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr')
    throw new ArgumentError(`stream must be 'stdout' or 'stderr', not ${JSON.stringify(stream)}`);
  if (tail !== undefined && !(Number.isSafeInteger(tail) && tail >= 0))
    throw new ArgumentError(`tail must be a whole number of 0 or more, not ${tail}`);
  for (const [name, date] of Object.entries({ since, until }))
    if (date !== undefined && !(date instanceof Date && !Number.isNaN(date.getTime())))
      throw new ArgumentError(`${name} must be a valid Date`);
}
