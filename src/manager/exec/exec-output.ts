// A command's streams by way of a log file, for when its attach socket is out of reach.

import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { attachWindowBytes } from '../kernel/attach-report.ts';
import { readLog } from '../logs/read-log.ts';
import type { LogStream } from '../logs/record.ts';
import type { ExecStreams, StreamsOutcome } from './exec-streams.ts';

/** Reads a command's log as it grows, until `ended` settles. Its lines, with a newline after each whole one, are what
 * was written (docs/behaviour/logs.md, L26). */
export function readOutput(log: string, ended: Promise<unknown>): ExecStreams {
  // As much as comes over an attach socket without being asked for.
  const makeStream = () => new PassThrough({ highWaterMark: attachWindowBytes });
  const [stdout, stderr] = [makeStream(), makeStream()];
  const stdin = new Writable();
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {}); // who reads sees it
  const done = Promise.allSettled([
    pipeline(readBytes(log, 'stdout', ended), stdout),
    pipeline(readBytes(log, 'stderr', ended), stderr),
  ]);
  const { promise: outcome, resolve } = Promise.withResolvers<StreamsOutcome>();
  void done.then(() => resolve('ended'));
  const detach = () => {
    resolve('detached');
    for (const stream of [stdout, stderr]) stream.destroy();
  };
  return { stdin, stdout, stderr, outcome, done, detach };
}

async function* readBytes(log: string, stream: LogStream, ended: Promise<unknown>): AsyncGenerator<Buffer> {
  for await (const { data, partial } of readLog(log, { stream, follow: true }, ended))
    yield partial ? data : Buffer.concat([data, newline]);
}

const newline = Buffer.from('\n');
