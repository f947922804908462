// Running a command in a container through a monitor of its own.

import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type Attachment, openAttachment } from '../attach/attach.ts';
import { removeExecPlacement } from '../cgroups/placement-removal.ts';
import { formatJson } from '../check-options.ts';
import type { Context } from '../context.ts';
import { AddonError, MonitorError, RuntimeError } from '../errors.ts';
import { removeTree, writeWhole } from '../files.ts';
import { kernel } from '../kernel/choose.ts';
import { within } from '../limits.ts';
import { endMonitor, killRuntime } from '../monitor/end-monitor.ts';
import { buildExecArgs, type ExecPlan, execLogIn } from '../monitor/monitor-args.ts';
import { type StartedMonitor, startMonitor } from '../monitor/monitor-start.ts';
import type { SyncReply } from '../monitor/sync-pipe.ts';
import { readBundle } from '../oci/bundle.ts';
import { extractRuntimeWords } from '../oci/runtime-words.ts';
import { identifyProcess } from '../processes/processes.ts';
import { requireContainer } from '../state/find.ts';
import type { ConfigRecord } from '../state/records.ts';
import { useContainer } from '../state/uses.ts';
import type { ExecOptions } from '../types.ts';
import { readOutput } from './exec-output.ts';
import { makeProcess } from './exec-process.ts';
import { composeSession, type ExecSession, signalGroup } from './exec-session.ts';
import { separateStreams } from './exec-streams.ts';

/** What creating takes at most is enough for starting a command too. */
const startTimeLimitMs = 10_000;

/** The monitor's own limit comes a moment after ours: it counts when the manager has died. */
const monitorGraceSeconds = 1;

/** How long a command that is given up may take to be gone before its caller is told; the rest goes on behind. */
const undoGraceMs = 5_000;

/** Starts a command in a container. Rejects with {@link NotFoundError}, {@link RuntimeError}, {@link MonitorError},
 * {@link TimeLimitError} or the signal's reason; nothing of the command is left then. Where nothing can be attached to,
 * its output comes by way of a log, and input or a terminal is an {@link AddonError}. */
export async function execInContainer(
  context: Context,
  id: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const { paths, config } = await requireContainer(context, id, options);
  const spec = formatJson('process', makeProcess(readBundle(config.bundle).process, options));
  const { addonMissing } = await kernel();
  if (addonMissing !== undefined && (options.stdin || options.terminal))
    throw new AddonError('give a command input or a terminal', addonMissing);
  options.signal?.throwIfAborted();
  const session = randomUUID();
  const directory = join(paths.exec, session);
  const place = { directory, session, attaches: addonMissing === undefined, spec };
  const attempt = new Attempt(context, config, options, place);
  const limits = { ...options, timeLimitMs: options.timeLimitMs ?? startTimeLimitMs };
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

/** Where a command gets what it needs. */
interface ExecPlace extends Pick<ExecPlan, 'directory' | 'session' | 'attaches'> {
  /** Its `process` of the OCI runtime specification, as JSON. */
  readonly spec: string;
}

class Attempt {
  readonly #context: Context;
  readonly #config: ConfigRecord;
  readonly #options: ExecOptions;
  readonly #directory: string;
  readonly #attaches: boolean;
  readonly #spec: string;
  readonly #args: readonly string[];
  readonly #giveUp = new AbortController();
  /** Resolves with the monitor once one has been started; `undefined` where it came to none. */
  #started: Promise<StartedMonitor | undefined> = Promise.resolve(undefined);
  #stream: Attachment | undefined;

  constructor(
    context: Context,
    config: ConfigRecord,
    options: ExecOptions,
    { directory, session, attaches, spec }: ExecPlace,
  ) {
    this.#context = context;
    this.#config = config;
    this.#options = options;
    this.#directory = directory;
    this.#attaches = attaches;
    this.#spec = spec;
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
    signal.throwIfAborted();
    const starting = this.#start();
    this.#started = starting.catch(() => undefined);
    const monitor = await starting;
    if (this.#attaches) {
      this.#stream = await this.#attach(monitor);
      signal.throwIfAborted();
      monitor.go();
    }
    const [reply] = await Promise.all([monitor.firstReply, monitor.launched]);
    const pid = this.#takePid(reply, monitor);
    signal.throwIfAborted(); // then `undo` kills it
    return this.#compose(pid, monitor);
  }

  async #start(): Promise<StartedMonitor> {
    for (const name of ['exit', 'persist'])
      await mkdir(join(this.#directory, name), { recursive: true, mode: 0o700 });
    await writeWhole(join(this.#directory, 'process.json'), this.#spec);
    const { signal } = this.#giveUp;
    signal.throwIfAborted();
    return startMonitor({
      id: this.#config.id,
      file: this.#context.conmon,
      args: this.#args,
      environment: this.#context.environment,
      placement: this.#context.placement,
      attaches: this.#attaches,
      signal,
    });
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

  /** Kills what has been started, and lets nobody wait for it. Never rejects. */
  async undo(reason: unknown): Promise<void> {
    this.#giveUp.abort(reason);
    this.#stream?.destroy();
    const undone = this.#started.then(monitor => this.#end(monitor));
    await within(undone, { timeLimitMs: undoGraceMs }, 'undoing a command').catch(error => this.#note(error));
  }

  async #end(monitor: StartedMonitor | undefined): Promise<void> {
    if (monitor) {
      // The start pipe's end lets a monitor go on that waits to be attached to.
      monitor.go();
      const reply = await killRuntime(join(this.#directory, 'pidfile'), monitor);
      if (reply && reply.value > 0) signalGroup(identifyProcess(reply.value), constants.signals.SIGKILL);
    }
    await this.#forget(monitor);
  }

  /** Removes what is left, once the monitor is not in the way any more. Never rejects. */
  async #forget(monitor: StartedMonitor | undefined): Promise<void> {
    try {
      if (monitor) await endMonitor(join(this.#directory, 'pidfile'), monitor);
      monitor?.close();
      await removeExecPlacement(this.#context, this.#config, this.#directory);
      await removeTree(this.#directory);
    } catch (error) {
      this.#note(error);
    }
  }

  /** What is left of a command goes with its container. */
  #note(error: unknown): void {
    this.#context.logger.debug({ id: this.#config.id, err: error }, 'a command has left something');
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
    const lastReply = monitor.nextReply().catch(() => undefined);
    const streams = this.#stream
      ? separateStreams(this.#stream)
      : readOutput(execLogIn(this.#directory), lastReply);
    return composeSession({
      pid,
      options: this.#options,
      directory: this.#directory,
      streams,
      monitor,
      lastReply,
      forget: () => this.#forget(monitor),
    });
  }
}

/** 0 for none: where there is none, or a longer one than the monitor can count. */
function limitMonitor(timeoutMs: number): number {
  const seconds = Math.ceil(timeoutMs / 1000) + monitorGraceSeconds;
  return timeoutMs > 0 && seconds <= monitorSecondsMax ? seconds : 0;
}

/** A C int: some 68 years. */
const monitorSecondsMax = 2 ** 31 - 1;
