// Between conmonctl's own standard streams and those of a container or a command in it.

import type { Readable, Writable } from 'node:stream';

/** The container's end. */
export interface ContainerStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** None with a terminal. */
  readonly stderr?: Readable | undefined;
}

export interface RelayOptions {
  /** True to pass standard input on. */
  readonly input: boolean;
  /** True where that is a terminal whose keys go to the container: then it has no end but a hang-up. */
  readonly raw: boolean;
}

/** How it came to an end: `ended` with the container's output; `left` where nobody reads ours any more, or nobody
 * types. */
type RelayEnd = 'ended' | 'left';

export interface Relay {
  /** Settles once. */
  readonly ended: Promise<RelayEnd>;
  /** Lets go of standard input. */
  stop(): void;
}

/** Copies until the container's output has ended, or somebody has left. Input is copied where it is wanted; its end
 * is the container's. */
export function relay(streams: ContainerStreams, options: RelayOptions): Relay {
  const { promise, resolve } = Promise.withResolvers<RelayEnd>();
  const leave = () => resolve('left');
  const outputs: readonly (readonly [Readable | undefined, NodeJS.WriteStream])[] = [
    [streams.stdout, process.stdout],
    [streams.stderr, process.stderr],
  ];
  const ends = outputs.map(([source, target]) => (source ? copy(source, target, leave) : undefined));
  void Promise.all(ends).then(() => resolve('ended'));
  if (!options.input) return { ended: promise, stop: () => {} };
  const onEnd = () => {
    streams.stdin.end();
    if (options.raw) leave();
  };
  return { ended: promise, stop: copyInput(streams.stdin, onEnd) };
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

function copyInput(target: Writable, onEnd: () => void): () => void {
  const { stdin } = process;
  target.on('error', () => {}); // whoever was to read it has ended
  stdin.once('end', onEnd);
  stdin.on('error', onEnd); // EIO of a terminal that was hung up
  stdin.pipe(target, { end: false });
  return () => {
    stdin.unpipe(target).off('end', onEnd).off('error', onEnd).pause();
    stdin.on('error', () => {});
  };
}
