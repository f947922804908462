// Starting a monitor: its pipes, its cgroup, the start byte, and what its launcher says.

import { once } from 'node:events';
import { Socket } from 'node:net';
import { Duplex, type Readable } from 'node:stream';
import { execa } from 'execa';
import type { Environment } from '../environment.ts';
import { ManagerError, MonitorError, PlacementError } from '../errors.ts';
import { within } from '../limits.ts';
import type { Placement } from '../types.ts';
import { findWorkingDirectory } from '../working-directory.ts';
import { readReplies, type SyncReply } from './sync-pipe.ts';

/** How to start one. */
export interface MonitorStart {
  readonly id: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly placement: Placement | undefined;
  /** True for an exec session with its output attached. */
  readonly attaches: boolean;
  readonly signal: AbortSignal;
}

/** A monitor under way. */
export interface StartedMonitor {
  /** Settles when the launcher has ended; rejects with {@link MonitorError} where it refused. */
  readonly launched: Promise<void>;
  /** The first reply; `undefined` where the monitor has closed the sync pipe without. */
  readonly firstReply: Promise<SyncReply | undefined>;
  /** The next one. */
  readonly nextReply: () => Promise<SyncReply | undefined>;
  /** Resolves when the attach socket is there. */
  readonly attachable: Promise<void>;
  /** Lets an attached exec session start its command. */
  readonly go: () => void;
  /** What launcher and monitor have said so far. */
  readonly said: () => string;
  /** Lets this process end before the monitor. */
  readonly unref: () => void;
  /** Lets go of the pipes; the monitor goes on. */
  readonly close: () => void;
}

/** Starts a monitor and gives it the start byte once it is where it belongs. */
export async function startMonitor(start: MonitorStart): Promise<StartedMonitor> {
  const subprocess = execa(start.file, start.args, {
    cwd: findWorkingDirectory(),
    env: { ...start.environment, ...pipeNumbers(start.attaches) },
    extendEnv: false,
    stdio: start.attaches
      ? ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe']
      : ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    detached: true, // signals for the caller's terminal are not for monitors
    cleanup: false,
  });
  subprocess.catch(() => {});
  const child = subprocess.nodeChildProcess;
  const exited = once(child, 'exit');
  exited.catch(() => {});
  const [, , , sync, go, attach] = child.stdio.map(stream => (stream instanceof Duplex ? stream : undefined));
  if (child.pid === undefined || !sync || !go) throw await describeFailedStart(start, subprocess);
  for (const stream of [sync, go, attach]) stream?.on('error', () => {});
  const stderr = new Words([subprocess.stdout, subprocess.stderr]);
  const replies = readReplies(sync);
  const nextReply = async () => (await replies.next()).value ?? undefined;
  const close = () => {
    for (const stream of [sync, go, attach]) stream?.destroy();
    stderr.close();
    child.unref();
  };
  try {
    await place(start, child.pid);
    start.signal.throwIfAborted();
  } catch (error) {
    // Killed before its first byte, it has started nothing. The end of the pipe alone would be a go.
    child.kill('SIGKILL');
    await exited;
    close();
    throw error;
  }
  // EPIPE is the launcher that refused, and its exit code says so.
  const firstReply = nextReply();
  firstReply.catch(() => {});
  if (start.attaches) go.write(startByte);
  else go.end(startByte);
  const launched = exited.then(([code]) => requireSuccess(start, code, stderr));
  launched.catch(() => {}); // who has given up does not wait for it
  return {
    launched,
    firstReply,
    nextReply,
    attachable: attach ? firstDataOrEnd(attach) : Promise.resolve(),
    go: () => go.end(startByte),
    said: () => stderr.text,
    unref: () => {
      for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
      child.unref();
    },
    close,
  };
}

/** Moves the launcher to where the caller wants it, which may take for ever: the signal ends the wait. */
async function place({ placement, id, signal }: MonitorStart, pid: number): Promise<void> {
  if (placement === undefined) return;
  try {
    await within(placement({ pid, id, signal }), { signal }, 'placing the monitor');
  } catch (error) {
    throw error instanceof ManagerError || (signal.aborted && error === signal.reason)
      ? error
      : new PlacementError(id, error);
  }
}

/** What is said, up to a bound: on standard output too, where C conmon 2.1 complains of its options. The streams are
 * not waited for to end: they are the monitor's, too, for a while. */
class Words {
  text = '';
  readonly #streams: readonly Readable[];
  readonly #ended: Promise<unknown>;

  constructor(streams: readonly Readable[]) {
    this.#streams = streams;
    this.#ended = Promise.allSettled(streams.map(stream => once(stream, 'close')));
    for (const stream of streams)
      stream.setEncoding('utf8').on('data', chunk => {
        if (this.text.length < wordsLengthMax) this.text += chunk;
      });
  }

  /** All of it, once a launcher that refused has ended. */
  async last(): Promise<string> {
    await within(this.#ended, { timeLimitMs: lastWordsMs }, 'reading the last words').catch(() => {});
    return this.text;
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}

/** More than any refusal has to say. */
const wordsLengthMax = 64 * 1024;

/** What a process that has ended wrote is in the pipe already. */
const lastWordsMs = 1_000;

/** The end comes first where the monitor fails before; the sync pipe says why. */
function firstDataOrEnd(stream: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('data', () => resolve()).once('close', () => resolve());
  return promise;
}

const startByte = new Uint8Array(1);

/** Node gives stdio beyond 2 the number of its place in the list, and makes a stream socket pair for each. */
function pipeNumbers(attaches: boolean): Record<string, string> {
  return { _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4', ...(attaches ? { _OCI_ATTACHPIPE: '5' } : {}) };
}

async function requireSuccess(start: MonitorStart, code: unknown, stderr: Words): Promise<void> {
  if (code === 0) return;
  throw new MonitorError(`the monitor of container ${start.id} refused to start`, {
    command: [start.file, ...start.args],
    exitCode: typeof code === 'number' ? code : undefined,
    stderr: await stderr.last(),
  });
}

async function describeFailedStart(
  start: MonitorStart,
  result: PromiseLike<{ readonly originalMessage?: string | undefined; readonly cause?: unknown }>,
): Promise<MonitorError> {
  const { originalMessage, cause } = await result;
  const failure = {
    command: [start.file, ...start.args],
    exitCode: undefined,
    stderr: originalMessage ?? '',
  };
  return new MonitorError(`the monitor of container ${start.id} could not be started`, failure, { cause });
}
