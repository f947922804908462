// A command that runs in a container, in the hands of who started it.

import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { resizeTerminal, type TerminalSize } from '../attach/control.ts';
import { call } from '../call.ts';
import { checkSignal } from '../check-options.ts';
import { startTimer } from '../durations.ts';
import type { StartedMonitor } from '../monitor/monitor-start.ts';
import type { SyncReply } from '../monitor/sync-pipe.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../processes/processes.ts';
import { numberOfSignal } from '../processes/signals.ts';
import type { CallOptions, ExecOptions } from '../types.ts';
import type { ExecStreams } from './exec-streams.ts';

/** How a command in a container ended. */
export interface ExecEnd {
  /** 0-255, 128 + signal; `undefined` where it timed out, or its monitor was killed. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
}

/** A command that runs in a container. Its streams are apart: ending or destroying one of them leaves the others. */
export interface ExecSession extends AsyncDisposable {
  /** In the manager's PID namespace. */
  readonly pid: number;
  /** Ended from the start unless {@link ExecOptions.stdin} was set. Its end, and destroying it, is the end of the
   * command's standard input. What is written after the command's end is dropped. */
  readonly stdin: Writable;
  /** Bytes as they were written; an async iterable of `Buffer`. A reader that does not read makes the command wait;
   * once it is destroyed, the rest is read and dropped. */
  readonly stdout: Readable;
  /** As {@link ExecSession.stdout}; empty with a terminal. */
  readonly stderr: Readable;
  /** Settles once, with how the streams came to their end: `ended` with the command, or `detached` from it by
   * {@link ExecOptions.detachKeys} or {@link ExecSession.close}. Never rejects. */
  readonly outcome: Promise<'ended' | 'detached'>;
  /** Settles when the command has ended and all of its output is with the streams. Never rejects. */
  readonly ended: Promise<ExecEnd>;
  /** Sends a signal to the command's process group; nothing where it has ended. Throws {@link ArgumentError} for what is
   * no signal. */
  kill(signal?: NodeJS.Signals | number): void;
  /** Resizes its terminal. Rejects with {@link StateError} where it has ended. */
  resize(size: TerminalSize, options?: CallOptions): Promise<void>;
  /** Lets go of the command: its streams are destroyed, {@link ExecOptions.signal} does not kill it any more, and
   * nothing of it keeps this process alive. It goes on under its monitor, which holds to the time limit.
   * {@link ExecSession.ended} still settles when it ends. May be called again. */
  close(): Promise<void>;
  /** As {@link ExecSession.close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a session is made of. */
export interface SessionParts {
  readonly pid: number;
  readonly options: ExecOptions;
  /** Where the monitor's sockets are. */
  readonly directory: string;
  readonly streams: ExecStreams;
  readonly monitor: StartedMonitor;
  /** The exit code, or `undefined` where nobody is left to tell it; never rejects. */
  readonly lastReply: Promise<SyncReply | undefined>;
  /** Removes what is left of it, once the monitor has ended; never rejects. */
  readonly forget: () => Promise<void>;
}

/** Gives a started command to its caller, and sees to its end. */
export function composeSession(parts: SessionParts): ExecSession {
  const { pid, options, streams, monitor, lastReply, directory } = parts;
  const { timeoutMs = 0, stdin: hasInput, signal } = options;
  const { stdin, stdout, stderr, outcome } = streams;
  const leader = identifyProcess(pid);
  let timedOut = false;
  const timer = startTimer(timeoutMs || Number.POSITIVE_INFINITY, () => {
    timedOut = true;
    signalGroup(leader, constants.signals.SIGKILL);
  });
  const onAbort = () => signalGroup(leader, constants.signals.SIGKILL);
  signal?.addEventListener('abort', onAbort, { once: true });
  const letGo = () => {
    timer.stop();
    signal?.removeEventListener('abort', onAbort);
  };
  if (!hasInput) stdin.end();
  const ended = lastReply.then(async (reply): Promise<ExecEnd> => {
    letGo();
    await streams.done;
    await parts.forget();
    const expired = timedOut || reply?.message === timedOutMessage;
    return { exitCode: expired ? undefined : reply?.value, timedOut: expired };
  });
  const close = async () => {
    letGo();
    monitor.unref();
    streams.detach();
    await Promise.allSettled(
      [stdin, stdout, stderr].map(stream => finished(stream.destroy(), { cleanup: true })),
    );
  };
  return {
    pid,
    stdin,
    stdout,
    stderr,
    outcome,
    ended,
    kill: (name = 'SIGTERM') => signalGroup(leader, numberOf(name)),
    resize: (size, limits = {}) => call(limits, () => resizeTerminal(directory, size, limits)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What every monitor says where its own limit passed (containers/conmon src/config.h, TIMED_OUT_MESSAGE). */
const timedOutMessage = 'command timed out';

/** A runtime's exec makes the command the leader of a session, and so of a process group. */
export function signalGroup(leader: ProcessIdentity | undefined, signal: number): void {
  if (!leader || !isRunning(leader)) return;
  for (const pid of [-leader.pid, leader.pid]) {
    try {
      process.kill(pid, signal);
      return;
    } catch {} // no group of that name, or gone: then the process itself, or nothing
  }
}

function numberOf(signal: string | number): number {
  checkSignal(signal);
  return numberOfSignal(signal) ?? 0;
}
