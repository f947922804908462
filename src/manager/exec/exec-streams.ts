// The three streams of a command in a container, each with a life of its own, whichever way they come.

import { Readable, Writable } from 'node:stream';
import type { Attachment } from '../attach/attach.ts';

/** How streams come to their end: with the command, or because they were left. */
export type StreamsOutcome = 'ended' | 'detached';

/** A command's streams. */
export interface ExecStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles once; never rejects. */
  readonly outcome: Promise<StreamsOutcome>;
  /** Settles once everything the command wrote before its end is with the streams; never rejects. */
  readonly done: Promise<unknown>;
  /** Lets go of where they come from. */
  readonly detach: () => void;
}

/** Takes an attachment apart. */
export function separateStreams(attachment: Attachment): ExecStreams {
  const { stderr = Readable.from([]), outcome } = attachment;
  const streams = { stdin: makeInput(attachment), stdout: makeOutput(attachment), stderr };
  // What fails is seen by who reads; who does not must not be ended by it.
  for (const stream of [attachment, ...Object.values(streams)]) stream.on('error', () => {});
  return { ...streams, outcome, done: Promise.resolve(), detach: () => attachment.detach() };
}

/** What is written when nobody can read it any more is dropped. */
function makeInput(attachment: Attachment): Writable {
  const stdin = new Writable({
    write(chunk, _encoding, done) {
      if (attachment.writable) attachment.write(chunk, () => done());
      else done();
    },
    final(done) {
      if (attachment.writable) attachment.end(() => done());
      else done();
    },
    destroy(error, done) {
      if (attachment.writable) attachment.end();
      done(error);
    },
  });
  attachment.once('close', () => stdin.destroy());
  return stdin;
}

/** Once it is destroyed, what comes is read and dropped, and the command goes on. */
function makeOutput(attachment: Attachment): Readable {
  const stdout = new Readable({
    read: () => void attachment.resume(),
    destroy(error, done) {
      attachment.resume();
      done(error);
    },
  });
  attachment.on('data', (chunk: Buffer) => {
    if (!stdout.destroyed && !stdout.push(chunk)) attachment.pause();
  });
  attachment.pause();
  attachment.once('error', error => stdout.destroy(error));
  for (const end of ['end', 'close'])
    attachment.once(end, () => {
      if (!stdout.destroyed && !stdout.readableEnded) stdout.push(null);
    });
  return stdout;
}
