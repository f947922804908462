// One line of a k8s-file log: `2026-01-02T03:04:05.123456789+01:00 stdout F text` (docs/behaviour/logs.md,
// L6).

import type { Line } from './line-parts.ts';

/** Where a container wrote. */
export type LogStream = 'stdout' | 'stderr';

/** One record as it is in the file. */
export interface LogRecord {
  /** As written: local time with nine digits and an offset. */
  readonly timestamp: string;
  readonly stream: LogStream;
  /** True for `P`: the text goes on in the stream's next record. */
  readonly partial: boolean;
  readonly text: Buffer;
}

/** Parses one line; `undefined` for what is no record. */
export function parseLine({ bytes, length }: Line): LogRecord | undefined {
  return bytes.length === length ? parseRecord(bytes) : undefined;
}

/** The same of a line without its newline that is all there. */
export function parseRecord(line: Buffer): LogRecord | undefined {
  const timeEnd = line.indexOf(space);
  const streamEnd = line.indexOf(space, timeEnd + 1);
  const tagEnd = line.indexOf(space, streamEnd + 1);
  if (timeEnd <= 0 || streamEnd < 0 || tagEnd < 0) return undefined;
  const stream = line.toString('latin1', timeEnd + 1, streamEnd);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  // CRI allows more tags after a colon.
  const tag = line.toString('latin1', streamEnd + 1, tagEnd).split(':', 1)[0];
  if (tag !== 'P' && tag !== 'F') return undefined;
  const timestamp = line.toString('latin1', 0, timeEnd);
  if (Number.isNaN(parseTimestamp(timestamp))) return undefined;
  return { timestamp, stream, partial: tag === 'P', text: line.subarray(tagEnd + 1) };
}

/** Milliseconds since 1970; NaN for what is no time. */
export function parseTimestamp(timestamp: string): number {
  // Nine digits are more than Date is bound to take.
  return Date.parse(timestamp.replace(/(\.\d{3})\d+/, '$1'));
}

const space = 0x20;
