// Running a command in a container through a monitor of its own.

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { type Attachment, openAttachment } from './attach.ts';
import { readBundle } from './bundle.ts';
import { call } from './call.ts';
import type { Context } from './context.ts';
import { resizeTerminal, type TerminalSize } from './control.ts';
import { startTimer } from './durations.ts';
import { AddonError, MonitorError, RuntimeError } from './errors.ts';
import { readOutput } from './exec-output.ts';
import { writeWhole } from './files.ts';
import { requireContainer } from './find.ts';
import { kernel } from './kernel/choose.ts';
import { within } from './limits.ts';
import { buildExecArgs, type ExecPlan, execLogIn } from './monitor-args.ts';
import { type StartedMonitor, startMonitor } from './monitor-start.ts';
import { removeExecPlacement } from './placement-removal.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from './processes.ts';
import type { ConfigRecord } from './records.ts';
import { extractRuntimeWords } from './runtime-words.ts';
import type { SyncReply } from './sync-pipe.ts';
import type { ExecOptions } from './types.ts';
import { useContainer } from './uses.ts';

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
 * {@link TimeLimitError} or the signal's reason; the command is killed in the last two cases. Where nothing can be
 * attached to, its output comes by way of a log, and input or a terminal is an {@link AddonError}. */
export async function execInContainer(
  context: Context,
  id: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const { paths, config } = await requireContainer(context, id, options);
  const { addonMissing } = await kernel();
  if (addonMissing !== undefined && (options.stdin || options.terminal))
    throw new AddonError('give a command input or a terminal', addonMissing);
  options.signal?.throwIfAborted();
  const session = randomUUID();
  const place = { directory: join(paths.exec, session), session, attaches: addonMissing === undefined };
  const attempt = new Attempt(context, config, options, place);
  const limits = { timeLimitMs: startTimeLimitMs, ...options };
  try {
    return await within(
      useContainer(paths, () => attempt.run()),
      limits,
      `starting a command in container ${id}`,
    );
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
  readonly #attaches: boolean;
  readonly #args: readonly string[];
  readonly #giveUp = new AbortController();
  #prepared: Promise<void> | undefined;
  #monitor: StartedMonitor | undefined;
  #stream: Attachment | undefined;

  constructor(
    context: Context,
    config: ConfigRecord,
    options: ExecOptions,
    { directory, session, attaches }: Pick<ExecPlan, 'directory' | 'session' | 'attaches'>,
  ) {
    this.#context = context;
    this.#config = config;
    this.#options = options;
    this.#directory = directory;
    this.#attaches = attaches;
    this.#args = buildExecArgs({
      id: config.id,
      name: config.name,
      session,
      directory,
      attaches,
      runtime: config.runtime,
      terminal: options.terminal ?? false,
      stdin: options.stdin ?? false,
      timeoutSeconds: limitMonitor(options.timeoutMs ?? 0),
    });
  }

  /** For a use of the container: while that is noted, nobody deletes the directory. */
  async run(): Promise<ExecSession> {
    const { signal } = this.#giveUp;
    this.#prepared = this.#prepare();
    await this.#prepared;
    signal.throwIfAborted();
    this.#monitor = await startMonitor({
      id: this.#config.id,
      file: this.#context.conmon,
      args: this.#args,
      environment: this.#context.environment,
      placement: this.#context.placement,
      attaches: this.#attaches,
      signal,
    });
    const monitor = this.#monitor;
    if (this.#attaches) {
      this.#stream = await this.#attach(monitor);
      signal.throwIfAborted();
      monitor.go();
    }
    const [reply] = await Promise.all([monitor.firstReply, monitor.launched]);
    const pid = this.#takePid(reply, monitor);
    if (signal.aborted) killGroup(identifyProcess(pid), 'SIGKILL');
    return this.#compose(pid, monitor);
  }

  async #prepare(): Promise<void> {
    for (const name of ['exit', 'persist'])
      await mkdir(join(this.#directory, name), { recursive: true, mode: 0o700 });
    const process = makeProcess(this.#config, this.#options);
    await writeWhole(join(this.#directory, 'process.json'), JSON.stringify(process));
  }

  async #attach(monitor: StartedMonitor): Promise<Attachment> {
    await Promise.race([monitor.attachable, monitor.launched.then(() => monitor.attachable)]);
    const { signal } = this.#giveUp;
    const { terminal, detachKeys } = this.#options;
    const attach = { signal, apart: !terminal, ...(detachKeys === undefined ? {} : { detachKeys }) };
    return openAttachment(this.#directory, attach).catch(async error => {
      await monitor.launched; // a launcher that refused has said why
      throw error;
    });
  }

  /** Kills what has been started, and lets nobody wait for it. */
  async undo(reason: unknown): Promise<void> {
    this.#giveUp.abort(reason);
    await this.#prepared?.catch(() => {});
    const monitor = this.#monitor;
    this.#stream?.destroy();
    // A late process ID is killed by `run`, which goes on to there; the start pipe's end lets the runtime go on.
    monitor?.go();
    const forget = async () => {
      monitor?.close();
      await removeExecPlacement(this.#context, this.#config, this.#directory);
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

  #compose(pid: number, monitor: StartedMonitor): ExecSession {
    const process = identifyProcess(pid);
    const { timeoutMs = 0, stdin, signal } = this.#options;
    let timedOut = false;
    const kill = (name: NodeJS.Signals | number = 'SIGTERM') => killGroup(process, name);
    const timer = startTimer(timeoutMs || Number.POSITIVE_INFINITY, () => {
      timedOut = true;
      kill('SIGKILL');
    });
    const onAbort = () => kill('SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    const lastReply = monitor.nextReply();
    const { done, ...streams } = this.#stream
      ? useAttachment(this.#stream)
      : readOutput(execLogIn(this.#directory), lastReply);
    if (!stdin) streams.stdin.end();
    const ended = lastReply.then(async reply => {
      timer.stop();
      signal?.removeEventListener('abort', onAbort);
      monitor.close();
      await done;
      await removeExecPlacement(this.#context, this.#config, this.#directory);
      await rm(this.#directory, { recursive: true, force: true });
      const expired = timedOut || reply?.message === timedOutMessage;
      return { exitCode: expired ? undefined : reply?.value, timedOut: expired };
    });
    ended.catch(() => {});
    const resize = (size: TerminalSize) => call({}, () => resizeTerminal(this.#directory, size, {}));
    return { pid, ...streams, ended, kill, resize };
  }
}

/** 0 for none: where there is none, or a longer one than the monitor can count. */
function limitMonitor(timeoutMs: number): number {
  const seconds = Math.ceil(timeoutMs / 1000) + monitorGraceSeconds;
  return timeoutMs > 0 && seconds <= monitorSecondsMax ? seconds : 0;
}

/** A C int: some 68 years. */
const monitorSecondsMax = 2 ** 31 - 1;

/** What comes over the socket is with the streams at once. */
function useAttachment(attachment: Attachment) {
  const { stderr = Readable.from([]), outcome } = attachment;
  return { stdin: attachment, stdout: attachment, stderr, outcome, done: undefined };
}

/** What every monitor says where its own limit passed (containers/conmon src/config.h, TIMED_OUT_MESSAGE). */
const timedOutMessage = 'command timed out';

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
  const env = [...(Array.isArray(base['env']) ? base['env'] : []), ...(options.env ?? [])];
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
