// Between conmonctl's own standard streams and those of a container or a command in it.

import type { Readable, Writable } from 'node:stream';

/** The container's end. */
export interface ContainerStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** None with a terminal. */
  readonly stderr?: Readable | undefined;
}

/** How it came to an end: `ended` with the container's output; `unread` where nobody reads ours any more. */
export type RelayEnd = 'ended' | 'unread';

export interface Relay {
  /** Settles once. */
  readonly ended: Promise<RelayEnd>;
  /** Lets go of standard input. */
  stop(): void;
}

/** Copies until the container's output has ended, or nobody reads it. Input is copied where it is wanted; its end is
 * the container's. */
export function relay(streams: ContainerStreams, options: { readonly input: boolean }): Relay {
  const { promise, resolve } = Promise.withResolvers<RelayEnd>();
  const outputs: readonly (readonly [Readable | undefined, NodeJS.WriteStream])[] = [
    [streams.stdout, process.stdout],
    [streams.stderr, process.stderr],
  ];
  const ends = outputs.map(([source, target]) =>
    source ? copy(source, target, () => resolve('unread')) : undefined,
  );
  void Promise.all(ends).then(() => resolve('ended'));
  const stopInput = options.input ? copyInput(streams.stdin) : () => {};
  return { ended: promise, stop: stopInput };
}

/** Resolves when all has been copied. A reader that is slow makes the container wait. */
function copy(source: Readable, target: NodeJS.WriteStream, onUnread: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // EPIPE, or EIO of a terminal that was hung up: the rest is read and dropped, so that nobody waits for us.
  target.once('error', () => {
    source.unpipe(target).resume();
    onUnread();
  });
  source.once('close', resolve).once('error', () => resolve());
  source.pipe(target, { end: false });
  return promise;
}

function copyInput(target: Writable): () => void {
  const { stdin } = process;
  const end = () => target.end();
  target.on('error', () => {}); // whoever was to read it has ended
  stdin.on('error', end); // EIO of a terminal that was hung up
  stdin.pipe(target);
  return () => {
    stdin.unpipe(target).off('error', end).pause();
    stdin.on('error', () => {});
  };
}
