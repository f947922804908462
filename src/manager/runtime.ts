// The library's front door.

import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pino from 'pino';
import { type Attachment, type AttachOptions, openAttachment } from './attach/attach.ts';
import { resizeTerminal, type TerminalSize } from './attach/control.ts';
import { type BoundToId, bindToId } from './bind-id.ts';
import { call, documentError } from './call.ts';
import {
  checkCondition,
  checkCreateOptions,
  checkExecOptions,
  checkSignal,
  checkStopOptions,
  formatJson,
} from './check-options.ts';
import { Coalescer } from './coalesce.ts';
import type { Context } from './context.ts';
import { defaultRoot } from './default-root.ts';
import { checkDuration } from './durations.ts';
import { makeEnvironment } from './environment.ts';
import { NotFoundError } from './errors.ts';
import type { EventStream, EventsOptions } from './events/container-event.ts';
import { openEventStream } from './events/event-stream.ts';
import { execInContainer } from './exec/exec.ts';
import type { ExecSession } from './exec/exec-session.ts';
import { execSync } from './exec/exec-sync.ts';
import { findExecutable, findMonitor } from './executables.ts';
import { writeWhole } from './files.ts';
import { commandContainer } from './lifecycle/command-container.ts';
import { createContainer } from './lifecycle/create.ts';
import { deleteContainer } from './lifecycle/delete.ts';
import { waitForEnd } from './lifecycle/endings.ts';
import { listContainers } from './lifecycle/list.ts';
import { readState } from './lifecycle/read-state.ts';
import { startContainer } from './lifecycle/start.ts';
import { Stops } from './lifecycle/stop.ts';
import { Lifetime } from './lifetime.ts';
import { within } from './limits.ts';
import type { Logger } from './logger.ts';
import { readContainerLog, reopenLog } from './logs/container-log.ts';
import type { LogEntry } from './logs/entries.ts';
import { checkLogOptions, type LogOptions } from './logs/options.ts';
import { settleMonitor } from './monitor/monitor-defaults.ts';
import { askVersions } from './oci/ask-versions.ts';
import { RuntimeChooser } from './oci/oci-runtime.ts';
import { RuntimeCommand } from './oci/runtime-command.ts';
import { formatSignal } from './processes/signals.ts';
import { findContainer } from './state/find.ts';
import { type ContainerPaths, layOut, requireId } from './state/layout.ts';
import { makeSafeRoot, requireSafeRoot } from './state/safe-root.ts';
import { type ContainerProcess, listContainerProcesses } from './stats/container-processes.ts';
import type { ContainerStats } from './stats/container-stats.ts';
import { readContainerStats } from './stats/read-stats.ts';
import type {
  CallOptions,
  ContainerExit,
  ContainerOptions,
  ContainerState,
  CreateOptions,
  DeleteOptions,
  ExecOptions,
  ExecResult,
  ExecSyncOptions,
  RuntimeOptions,
  RuntimeVersion,
  StopOptions,
  WaitCondition,
} from './types.ts';
import { resolvePath } from './working-directory.ts';

/** No sub-command but create takes longer than moments; this one is for machines under load. */
const runtimeTimeLimitMs = 30_000;

/** Containers of one directory of state, run by one OCI runtime, each under its monitor. Holds nothing that another
 * process could not hold too: any number of them can use the same directory at once, and what one of them began
 * before it was killed the next one finishes or takes over.
 *
 * @example
 * ```ts
 * const runtime = new Runtime({ runtime: 'runc' });
 * await runtime.create('web', { bundle: '/srv/web' });
 * await runtime.start('web');
 * const { exitCode } = await runtime.wait('web');
 * await runtime.delete('web');
 * ```
 */
export class Runtime {
  readonly #lifetime = new Lifetime();
  readonly #opened: Context;
  readonly #stops = new Stops();
  #rootIsSafe = false;

  /** Throws {@link ArgumentError} where the runtime or the monitor is not there or can't be executed, or others can write
   * in the directory of state or put another in its place. Starts and writes nothing. */
  constructor(options: RuntimeOptions = {}) {
    const uid = process.getuid?.() ?? 0;
    const layout = layOut(resolvePath(options.root ?? defaultRoot(process.env, uid)));
    const logger = options.logger ?? pino({ level: process.env['CONMON_TS_LOG'] ?? 'silent' });
    const timeLimitMs = checkDuration('timeLimitMs', options.timeLimitMs ?? runtimeTimeLimitMs);
    const environment = makeEnvironment(process.env, uid, options.conmonEnv ?? []);
    const runtimes = new RuntimeChooser(options, layout.runtime);
    this.#opened = {
      layout,
      runtime: new RuntimeCommand(runtimes.default, { environment, timeLimitMs, logger }),
      runtimes,
      conmon: options.conmon === undefined ? findMonitor() : findExecutable(options.conmon),
      environment,
      placement: options.placement,
      monitorDefaults: settleMonitor(options),
      logger,
      states: new Coalescer(),
      removals: new Set(),
    };
    this.#rootIsSafe = requireSafeRoot(layout.root);
  }

  /** What every call needs first; after {@link Runtime.close} there is none. */
  get #context(): Context {
    this.#lifetime.requireOpen();
    // One that was safe once is that for ever: nobody else can change it.
    this.#rootIsSafe ||= requireSafeRoot(this.root);
    return this.#opened;
  }

  /** The directory of state. */
  get root(): string {
    return this.#opened.layout.root;
  }

  /** Path of the OCI runtime that containers get where nothing else is said. */
  get path(): string {
    return this.#opened.runtime.file;
  }

  /** That runtime's name, for example `'runc'`. */
  get name(): string {
    return basename(this.path);
  }

  /** The logger in use. */
  get logger(): Logger {
    return this.#opened.logger;
  }

  /** Creates a container: its process exists and waits for {@link Runtime.start}. Resolves with its state, in which are
   * the process IDs of the container and of its monitor. Limit: 10 s unless given. Where it fails, the ID is free
   * again: whatever had been made is undone, also when the runtime finishes too late. Rejects with
   * {@link ExistsError}, {@link RuntimeError}, {@link MonitorError}, {@link TimeLimitError}, {@link ArgumentError} or
   * the signal's reason. */
  async create(id: string, options: CreateOptions): Promise<ContainerState> {
    return this.#call(options, () => {
      checkCreateOptions(options);
      return createContainer(this.#context, id, options);
    });
  }

  /** Starts the program of a created container. */
  async start(id: string, options: ContainerOptions = {}): Promise<void> {
    await this.#call(options, () => startContainer(this.#context, id, options));
  }

  /** Sends a signal, by name or number, to the container's first process. */
  async kill(
    id: string,
    signal: NodeJS.Signals | number = 'SIGTERM',
    options: ContainerOptions = {},
  ): Promise<void> {
    await this.#call(options, () => {
      checkSignal(signal);
      const args = ['kill', id, formatSignal(signal)];
      return commandContainer(this.#context, id, { verb: 'signalling', args }, options);
    });
  }

  /** Freezes all processes of the container. */
  async pause(id: string, options: ContainerOptions = {}): Promise<void> {
    const note = ({ paused }: ContainerPaths) => writeWhole(paused, '');
    const pausing = { verb: 'pausing', args: ['pause', id], note };
    await this.#call(options, () => commandContainer(this.#context, id, pausing, options));
  }

  /** Thaws a paused container. */
  async resume(id: string, options: ContainerOptions = {}): Promise<void> {
    const note = ({ paused }: ContainerPaths) => rm(paused, { force: true });
    const resuming = { verb: 'resuming', args: ['resume', id], note };
    await this.#call(options, () => commandContainer(this.#context, id, resuming, options));
  }

  /** Sets resource limits: `resources` is `linux.resources` of the OCI runtime specification. */
  async update(id: string, resources: object, options: ContainerOptions = {}): Promise<void> {
    await this.#call(options, () => {
      const input = formatJson('resources', resources);
      const updating = { verb: 'updating', args: ['update', '--resources', '-', id], input };
      return commandContainer(this.#context, id, updating, options);
    });
  }

  /** Stops a container: the stop signal, then after `timeoutMs` SIGKILL. When it resolves, the process is gone, the
   * exit code recorded and the runtime agrees: the root file system can be unmounted. Calls join, also those that
   * come while a stop runs, and the shortest of their timeouts counts. A container that is gone is a success, and one that
   * is being created is stopped once it is there. Rejects with {@link NotFoundError}, and with {@link RuntimeError} or
   * {@link TimeLimitError} where the container has ended and the runtime does not say so. */
  async stop(id: string, options: StopOptions = {}): Promise<ContainerExit> {
    return this.#call(options, () => {
      checkStopOptions(options);
      return this.#stops.stop(this.#context, id, options);
    });
  }

  /** Deletes a stopped container, or any with `force`. Its exit code is kept for five minutes. Deleting it again
   * within that time is a success. Rejects with {@link StateError} where it has not stopped. */
  async delete(id: string, options: DeleteOptions = {}): Promise<void> {
    await this.#call(options, () => deleteContainer(this.#context, id, options));
  }

  /** The container's state. Never fails because of a deletion: see {@link ContainerState}. Rejects with
   * {@link NotFoundError} for an ID that is unknown, or was deleted more than five minutes ago. */
  async state(id: string, options: ContainerOptions = {}): Promise<ContainerState> {
    return this.#call(options, () => {
      requireId(id);
      const what = `learning the state of container ${id}`;
      return within(readState(this.#context, id, options), options, what);
    });
  }

  /** States of all containers, sorted by ID. Deleted ones are not among them. */
  async list(options: CallOptions = {}): Promise<ContainerState[]> {
    const what = 'listing containers';
    return this.#call(options, () => within(listContainers(this.#context, options), options, what));
  }

  /** What happens to containers from now on, in this process and in all others that use the directory of state: an
   * async iterable. Containers are looked at when the next event is asked for, so that of what happened meanwhile all
   * is told that is still known then: a pause that is over is not, and the end of a container five minutes after its
   * deletion neither. Ends when the loop is left, and at {@link Runtime.close}; rejects with the signal's reason. */
  events(options: EventsOptions = {}): EventStream {
    try {
      return openEventStream(this.#context, this.#lifetime, options);
    } catch (error) {
      throw documentError(error, options.signal);
    }
  }

  /** Waits until the container has `stopped`, its process gone, or `exited`, its output drained, its exit code
   * recorded and its exit command done as well. May be asked before, during and up to five minutes after. At
   * `stopped` the exit code may not be there yet. */
  async wait(
    id: string,
    condition: WaitCondition = 'exited',
    options: ContainerOptions = {},
  ): Promise<ContainerExit> {
    return this.#call(options, () => {
      checkCondition(condition);
      const done = new AbortController();
      const signal = AbortSignal.any([this.#lifetime.until(options.signal), done.signal]);
      const end = waitForEnd(this.#context, id, condition, signal, options);
      return within(end, options, `waiting for container ${id}`).finally(() => done.abort());
    });
  }

  /** What the kernel counts of a container: its use of processors, memory and block devices. Also after its end, as
   * long as the runtime leaves its cgroups there. Rejects with {@link StateError} where it has none to itself. */
  async stats(id: string, options: ContainerOptions = {}): Promise<ContainerStats> {
    const what = `reading the statistics of container ${id}`;
    return this.#call(options, () => within(readContainerStats(this.#context, id, options), options, what));
  }

  /** The processes of a container, those of commands in it too, in the order of their IDs. None once it has ended.
   * Where it has no cgroup to itself, its first process and all below it. */
  async processes(id: string, options: ContainerOptions = {}): Promise<ContainerProcess[]> {
    const what = `listing the processes of container ${id}`;
    return this.#call(options, () =>
      within(listContainerProcesses(this.#context, id, options), options, what),
    );
  }

  /** Starts a command in a running container. Rejects with {@link NotFoundError}, {@link RuntimeError},
   * {@link MonitorError}, {@link TimeLimitError}, the signal's reason, or {@link AddonError}: input and terminals need
   * the addon. */
  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    return this.#call(options, () => {
      checkExecOptions(options);
      return execInContainer(this.#context, id, options);
    });
  }

  /** Runs a command in a running container to its end. Rejects as {@link Runtime.exec}, and with
   * {@link ExecTimeoutError} where it ran longer than `timeoutMs`. Output that comes before is not lost. */
  async execSync(id: string, options: ExecSyncOptions): Promise<ExecResult> {
    return this.#call(options, () => {
      checkExecOptions(options);
      return execSync(this.#context, id, options);
    });
  }

  /** Attaches to a container, from {@link Runtime.create} to its end: before {@link Runtime.start} to miss nothing.
   * Rejects with {@link StateError} where its monitor has ended, with {@link AddonError} where the addon does not load. */
  async attach(id: string, options: AttachOptions & ContainerOptions = {}): Promise<Attachment> {
    return this.#call(options, async () => {
      const signal = this.#lifetime.until(options.signal);
      const bundle = await this.#findBundle(id, options);
      const attachment = await openAttachment(bundle, { ...options, signal });
      attachment.once(
        'close',
        this.#lifetime.onEnd(() => attachment.destroy()),
      );
      return attachment;
    });
  }

  /** The container's output from its k8s-file log, line by line. With `follow` it ends when the container has ended
   * and all of its output has been read. Rejects with {@link StateError} where there is no such log. */
  async *logs(
    id: string,
    options: LogOptions & ContainerOptions = {},
  ): AsyncGenerator<LogEntry, void, undefined> {
    try {
      checkLogOptions(options);
      const signal = this.#lifetime.until(options.signal);
      yield* readContainerLog(this.#context, id, { ...options, signal });
      // The end of this Runtime is not the end of the log.
      this.#lifetime.requireOpen();
    } catch (error) {
      throw documentError(error, options.signal);
    }
  }

  /** Makes the monitor open its log anew, after somebody has renamed it; resolves when the new file is there. */
  async reopenLog(id: string, options: ContainerOptions = {}): Promise<void> {
    await this.#call(options, () => reopenLog(this.#context, id, options));
  }

  /** Resizes the container's terminal; kept until it has one. */
  async resize(id: string, size: TerminalSize, options: ContainerOptions = {}): Promise<void> {
    await this.#call(options, async () => resizeTerminal(await this.#findBundle(id, options), size, options));
  }

  /** What runtime and monitor say of themselves. Rejects with {@link RuntimeError} or {@link MonitorError} where that is
   * no version: then it is another program. */
  async version(options: CallOptions = {}): Promise<RuntimeVersion> {
    return this.#call(options, () => askVersions(this.#context, options));
  }

  /** Resolves where containers can be run: runtime and monitor are such, and the directory of state is writable. */
  async ready(options: CallOptions = {}): Promise<void> {
    await this.#call(options, async () => {
      await askVersions(this.#context, options);
      const probe = join(this.root, `.ready-${process.pid}`);
      makeSafeRoot(this.root);
      await writeWhole(probe, '');
      await rm(probe, { force: true });
    });
  }

  /** A handle of the container `id`, whether there is such a one or not: the calls above without the ID. */
  container(id: string): ContainerHandle {
    requireId(id);
    return { id, ...bindToId<Runtime, ContainerCall>(this, perContainer, id) };
  }

  /** Ends the use of this Runtime; its containers and their monitors go on. Calls that wait ({@link Runtime.wait},
   * {@link Runtime.logs}) reject with {@link StateError}, as do all after it, and attachments are detached. Commands
   * of {@link Runtime.exec} and their streams stay to their end. Resolves when nothing goes on any more that this
   * Runtime has begun: calls under way, and deletions and the undoing of failed creations that nobody waits for. Can be called again. */
  async close(): Promise<void> {
    this.#lifetime.end();
    const { calls } = this.#lifetime;
    await Promise.allSettled([...calls, ...this.#opened.removals, ...this.#stops.underway()]);
  }

  /** The same as {@link Runtime.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What every call goes through. */
  #call<T>(options: CallOptions, work: () => T | Promise<T>): Promise<T> {
    const outcome = call(options, () => {
      this.#lifetime.requireOpen();
      return work();
    });
    return this.#lifetime.track(outcome);
  }

  /** The bundle of a container, in which its monitor listens. */
  async #findBundle(id: string, options: ContainerOptions): Promise<string> {
    const container = await findContainer(this.#context, id, options);
    if (container === undefined) throw new NotFoundError(id, options.incarnation);
    return container.config.bundle;
  }
}

/** Names of the methods of {@link Runtime} that are about one container. */
export type ContainerCall =
  | 'create'
  | 'start'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'update'
  | 'stop'
  | 'delete'
  | 'state'
  | 'wait'
  | 'stats'
  | 'processes'
  | 'exec'
  | 'execSync'
  | 'attach'
  | 'logs'
  | 'reopenLog'
  | 'resize';

const perContainer: readonly ContainerCall[] = [
  'create',
  'start',
  'kill',
  'pause',
  'resume',
  'update',
  'stop',
  'delete',
  'state',
  'wait',
  'stats',
  'processes',
  'exec',
  'execSync',
  'attach',
  'logs',
  'reopenLog',
  'resize',
];

/** The calls of a {@link Runtime} for one container, whose ID they know. See {@link Runtime.container}. */
export interface ContainerHandle extends BoundToId<Runtime, ContainerCall> {
  readonly id: string;
}
