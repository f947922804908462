// Running a command in a container through a monitor of its own.

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { type Attachment, openAttachment } from './attach.ts';
import { readBundle } from './bundle.ts';
import { type Context, pathsOf } from './context.ts';
import type { TerminalSize } from './control.ts';
import { MonitorError, NotFoundError, RuntimeError } from './errors.ts';
import { writeWhole } from './files.ts';
import { within } from './limits.ts';
import { buildExecArgs } from './monitor-args.ts';
import { type StartedMonitor, startMonitor } from './monitor-start.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from './processes.ts';
import { type ConfigRecord, readConfig } from './records.ts';
import { extractRuntimeWords } from './runtime-words.ts';
import type { SyncReply } from './sync-pipe.ts';
import type { ExecOptions } from './types.ts';

/** How a command in a container ended. */
export interface ExecEnd {
  /** 0-255, 128 + signal; `undefined` where it timed out, or its monitor was killed. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
}

/** A command that runs in a container. */
export interface ExecSession {
  /** In the manager's PID namespace. */
  readonly pid: number;
  /** Ended from the start unless {@link ExecOptions.stdin} was set. Destroying it drops the output too. */
  readonly stdin: Writable;
  /** Bytes as they were written; an async iterable of `Buffer`. A reader that does not read makes the command wait. */
  readonly stdout: Readable;
  /** As {@link ExecSession.stdout}; empty with a terminal. */
  readonly stderr: Readable;
  /** Settles once, with how the streams came to their end: `ended` with the command, or `detached` from it by
   * {@link ExecOptions.detachKeys}. */
  readonly outcome: Promise<'ended' | 'detached'>;
  /** Settles when the command has ended and all of its output is with the streams. */
  readonly ended: Promise<ExecEnd>;
  /** Sends a signal to the command's process group. */
  kill(signal?: NodeJS.Signals | number): void;
  /** Resizes its terminal. */
  resize(size: TerminalSize): Promise<void>;
}

/** What creating takes at most is enough for starting a command too. */
const startTimeLimitMs = 10_000;

/** The monitor's own limit comes a moment after ours: it counts when the manager has died. */
const monitorGraceSeconds = 1;

/** Starts a command in a container. Rejects with {@link NotFoundError}, {@link RuntimeError}, {@link MonitorError},
 * {@link TimeLimitError} or the signal's reason; the command is killed in the last two cases. */
export async function execInContainer(
  context: Context,
  id: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const paths = pathsOf(context, id);
  const config = readConfig(paths);
  if (!config) throw new NotFoundError(id);
  options.signal?.throwIfAborted();
  const session = randomUUID();
  const directory = join(paths.exec, session);
  for (const name of ['exit', 'persist'])
    await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
  await writeWhole(join(directory, 'process.json'), JSON.stringify(makeProcess(config, options)));
  const attempt = new Attempt(context, config, options, directory, session);
  const limits = { timeLimitMs: startTimeLimitMs, ...options };
  try {
    return await within(attempt.run(), limits, `starting a command in container ${id}`);
  } catch (error) {
    await attempt.undo(error);
    throw error;
  }
}

class Attempt {
  readonly #context: Context;
  readonly #config: ConfigRecord;
  readonly #options: ExecOptions;
  readonly #directory: string;
  readonly #args: readonly string[];
  readonly #giveUp = new AbortController();
  #monitor: StartedMonitor | undefined;
  #stream: Attachment | undefined;

  constructor(
    context: Context,
    config: ConfigRecord,
    options: ExecOptions,
    directory: string,
    session: string,
  ) {
    this.#context = context;
    this.#config = config;
    this.#options = options;
    this.#directory = directory;
    this.#args = buildExecArgs({
      id: config.id,
      name: config.name,
      session,
      directory,
      runtime: context.runtime.file,
      runtimeArgs: context.runtime.args,
      terminal: options.terminal ?? false,
      stdin: options.stdin ?? false,
      timeoutSeconds: options.timeoutMs ? Math.ceil(options.timeoutMs / 1000) + monitorGraceSeconds : 0,
    });
  }

  async run(): Promise<ExecSession> {
    const { signal } = this.#giveUp;
    this.#monitor = await startMonitor({
      id: this.#config.id,
      file: this.#context.conmon,
      args: this.#args,
      cwd: this.#directory,
      placement: this.#context.placement,
      attaches: true,
      signal,
    });
    const monitor = this.#monitor;
    await Promise.race([monitor.attachable, monitor.launched.then(() => monitor.attachable)]);
    const { terminal, detachKeys } = this.#options;
    const attach = { signal, apart: !terminal, ...(detachKeys === undefined ? {} : { detachKeys }) };
    const stream = await openAttachment(this.#directory, attach).catch(async error => {
      await monitor.launched; // a launcher that refused has said why
      throw error;
    });
    this.#stream = stream;
    signal.throwIfAborted();
    monitor.go();
    const [reply] = await Promise.all([monitor.firstReply, monitor.launched]);
    const pid = this.#takePid(reply, monitor);
    if (signal.aborted) killGroup(identifyProcess(pid), 'SIGKILL');
    return this.#compose(pid, monitor, stream);
  }

  /** Kills what has been started, and lets nobody wait for it. */
  async undo(reason: unknown): Promise<void> {
    this.#giveUp.abort(reason);
    const monitor = this.#monitor;
    this.#stream?.destroy();
    // A late process ID is killed by `run`, which goes on to there; the start pipe's end lets the runtime go on.
    monitor?.go();
    const forget = async () => {
      monitor?.close();
      await rm(this.#directory, { recursive: true, force: true });
    };
    if (monitor) void monitor.firstReply.then(forget, forget);
    else await forget();
  }

  #takePid(reply: SyncReply | undefined, monitor: StartedMonitor): number {
    const what = `running ${this.#options.args[0]} in container ${this.#config.id}`;
    const failure = {
      command: [this.#context.conmon, ...this.#args],
      exitCode: undefined,
      stderr: monitor.said(),
    };
    if (reply === undefined) throw new MonitorError(what, failure);
    if (reply.value > 0) return reply.value;
    const said = reply.message ?? '';
    throw new RuntimeError(what, extractRuntimeWords(said), { ...failure, stderr: said });
  }

  #compose(pid: number, monitor: StartedMonitor, stream: Attachment): ExecSession {
    const process = identifyProcess(pid);
    const { timeoutMs = 0, stdin, signal } = this.#options;
    let timedOut = false;
    const kill = (name: NodeJS.Signals | number = 'SIGTERM') => killGroup(process, name);
    const timer = setTimeout(() => {
      timedOut = true;
      kill('SIGKILL');
    }, timeoutMs || foreverMs);
    if (!timeoutMs) clearTimeout(timer);
    const onAbort = () => kill('SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    if (!stdin) stream.end();
    const ended = monitor.nextReply().then(async reply => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      monitor.close();
      await rm(this.#directory, { recursive: true, force: true });
      const expired = timedOut || reply?.message === timedOutMessage;
      return { exitCode: expired ? undefined : reply?.value, timedOut: expired };
    });
    ended.catch(() => {});
    const stderr = stream.stderr ?? Readable.from([]);
    const { outcome } = stream;
    const resize = (size: TerminalSize) => stream.resize(size);
    return { pid, stdin: stream, stdout: stream, stderr, outcome, ended, kill, resize };
  }
}

/** What every monitor says where its own limit passed (CONTRACT, options, --timeout). */
const timedOutMessage = 'command timed out';

/** The longest delay that a timer takes. */
const foreverMs = 2 ** 31 - 1;

/** A runtime's exec makes the command the leader of a session, and so of a process group. */
function killGroup(leader: ProcessIdentity | undefined, signal: NodeJS.Signals | number): void {
  if (!leader || !isRunning(leader)) return;
  for (const pid of [-leader.pid, leader.pid]) {
    try {
      process.kill(pid, signal);
      return;
    } catch {} // no group of that name, or gone: then the process itself, or nothing
  }
}

function makeProcess(config: ConfigRecord, options: ExecOptions): object {
  const base = readBundle(config.bundle).process;
  const env = [...(Array.isArray(base.env) ? base.env : []), ...(options.env ?? [])];
  return {
    ...base,
    consoleSize: undefined,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...options.process,
    args: options.args,
    env: keepLast(env.map(String)),
    terminal: options.terminal ?? false,
  };
}

/** Of several with one name, programs see the first or the last: so there is one. */
function keepLast(env: readonly string[]): string[] {
  return [...new Map(env.map(entry => [entry.split('=', 1)[0], entry])).values()];
}
