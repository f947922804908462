// Creating a container: everything between the caller's wish and a process that waits to be started, and nothing
// left where it fails.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { askCaller } from '../ask-caller.ts';
import { checkExitCommand } from '../check-options.ts';
import { contextOf } from '../container-context.ts';
import { type Context, noteRemoval } from '../context.ts';
import { ArgumentError, MonitorError, RuntimeError, TimeLimitError } from '../errors.ts';
import { findExecutable } from '../executables.ts';
import { readIfThere, removeTree } from '../files.ts';
import { within } from '../limits.ts';
import { buildCreateArgs, formatLogDriver, type MonitorPlan } from '../monitor/monitor-args.ts';
import { settleMonitor } from '../monitor/monitor-defaults.ts';
import { type StartedMonitor, startMonitor } from '../monitor/monitor-start.ts';
import { type BundleConfig, readBundle } from '../oci/bundle.ts';
import { extractRuntimeWords } from '../oci/runtime-words.ts';
import { makeCreatedRecord } from '../state/created-record.ts';
import { makeDirectory, makeIncarnation, takeId } from '../state/incarnation.ts';
import { type ContainerPaths, layOutContainer, requireId } from '../state/layout.ts';
import { movePhase, ownPhase, type Phase } from '../state/phase.ts';
import { type ConfigRecord, type CreatedRecord, writeRecord } from '../state/records.ts';
import { makeSafeRoot } from '../state/safe-root.ts';
import type { ContainerState, CreateOptions, LogDriver } from '../types.ts';
import { resolvePath } from '../working-directory.ts';
import { findBundleUser } from './bundle-user.ts';
import { makeWay } from './delete.ts';
import { type CreatedContainer, describeCreated } from './read-state.ts';
import { undoCreation } from './undo.ts';

/** A runtime's create takes a fraction of a second; what takes this long hangs. */
const createTimeLimitMs = 10_000;

/** How long a creation that failed may take to be undone before its caller is told; the rest goes on behind. */
const undoGraceMs = 5_000;

/** Creates a container. Rejects with {@link ExistsError}, {@link RuntimeError}, {@link MonitorError},
 * {@link TimeLimitError}, {@link ArgumentError} or the signal's reason; the ID is free again in each case but the
 * first. */
export async function createContainer(
  context: Context,
  id: string,
  options: CreateOptions,
): Promise<ContainerState> {
  requireId(id);
  const config = readBundle(resolvePath(options.bundle));
  const paths = layOutContainer(context.layout, id, makeIncarnation());
  const plan = makePlan(context, paths, options, config);
  const timeLimitMs = options.timeLimitMs ?? createTimeLimitMs;
  const limits = { timeLimitMs, ...(options.signal ? { signal: options.signal } : {}) };
  options.signal?.throwIfAborted();
  const record = makeRecord(context, plan, config, paths);
  const attempt = new Attempt(contextOf(context, record), paths, plan, record);
  try {
    return describeCreated(await within(attempt.run(), limits, `creating container ${id}`));
  } catch (error) {
    await giveUp(attempt, error);
    throw error;
  }
}

class Attempt {
  readonly context: Context;
  readonly paths: ContainerPaths;
  readonly plan: MonitorPlan;
  readonly giveUp = new AbortController();
  /** Resolves with the monitor once one has been started; `undefined` where it came to none. */
  readonly monitor: Promise<StartedMonitor | undefined>;
  hasId = false;
  readonly record: ConfigRecord;
  readonly #started = Promise.withResolvers<StartedMonitor | undefined>();

  constructor(context: Context, paths: ContainerPaths, plan: MonitorPlan, record: ConfigRecord) {
    this.context = context;
    this.paths = paths;
    this.plan = plan;
    this.record = record;
    this.monitor = this.#started.promise;
  }

  async run(): Promise<CreatedContainer> {
    try {
      await this.#takeId();
      this.#requireFreeBundle();
      const monitor = await this.#start();
      this.#started.resolve(monitor);
      const processes = await this.#takeReply(monitor);
      monitor.close();
      return { paths: this.paths, phase: created, config: this.record, created: processes };
    } finally {
      this.#started.resolve(undefined);
    }
  }

  async #takeId(): Promise<void> {
    const { paths } = this;
    makeSafeRoot(this.context.layout.root);
    await mkdir(dirname(paths.link), { recursive: true, mode: 0o700 });
    await makeDirectory(paths, this.record);
    while (!this.hasId) {
      this.giveUp.signal.throwIfAborted();
      this.hasId = takeId(paths);
      if (!this.hasId) await makeWay(this.context, paths.id, this.giveUp.signal);
    }
  }

  #requireFreeBundle(): void {
    const { bundle } = this.plan;
    const user = findBundleUser(this.context.layout, bundle);
    if (user !== undefined)
      throw new ArgumentError(
        `bundle: ${bundle} is in use by container ${user}, and each needs one of its own`,
      );
  }

  #start(): Promise<StartedMonitor> {
    const { options, id } = this.plan;
    const { conmon, environment, placement } = this.context;
    this.giveUp.signal.throwIfAborted();
    return startMonitor({
      id,
      file: conmon,
      args: buildCreateArgs(this.paths, this.plan),
      environment,
      placement: options.placement ?? placement,
      attaches: false,
      signal: this.giveUp.signal,
    });
  }

  async #takeReply(monitor: StartedMonitor): Promise<CreatedRecord> {
    const [reply] = await Promise.all([monitor.firstReply, monitor.launched]);
    this.giveUp.signal.throwIfAborted();
    const { id } = this.plan;
    const command = [this.context.conmon, ...buildCreateArgs(this.paths, this.plan)];
    const stderr = monitor.said();
    if (reply === undefined)
      throw new MonitorError(`the monitor of container ${id} ended without a word`, {
        command,
        exitCode: 0,
        stderr,
      });
    if (reply.value <= 0) {
      const said = reply.message ?? '';
      const failure = { command, exitCode: undefined, stderr: said };
      throw new RuntimeError(
        `the runtime could not create container ${id}`,
        extractRuntimeWords(said),
        failure,
      );
    }
    const monitorPid = Number(readIfThere(this.paths.monitorPidfile));
    const processes = makeCreatedRecord(reply.value, monitorPid);
    await writeRecord(this.paths.created, processes);
    this.giveUp.signal.throwIfAborted();
    await movePhase(this.paths, ownPhase('creating'), created);
    return processes;
  }
}

const created: Phase = { name: 'created', owner: undefined };

async function giveUp(attempt: Attempt, reason: unknown): Promise<void> {
  const { context } = attempt;
  attempt.giveUp.abort(reason);
  const undone = attempt.monitor
    .then(monitor => undo(attempt, monitor))
    .catch(error =>
      context.logger.error({ id: attempt.paths.id, err: error }, 'a failed creation could not be undone'),
    );
  await within(noteRemoval(context, undone), { timeLimitMs: undoGraceMs }, 'undoing').catch(error => {
    if (!(error instanceof TimeLimitError)) throw error;
  });
}

async function undo(
  { context, paths, record, hasId }: Attempt,
  monitor: StartedMonitor | undefined,
): Promise<void> {
  if (!hasId) return removeTree(paths.dir);
  const deleting = ownPhase('deleting');
  // Where the limit passed at the last moment, the creation has succeeded meanwhile.
  const isOurs =
    (await movePhase(paths, ownPhase('creating'), deleting)) || (await movePhase(paths, created, deleting));
  if (isOurs)
    await undoCreation(context, { paths, config: record, monitor, isStarted: monitor !== undefined });
}

function makePlan(
  context: Context,
  { id, incarnation }: ContainerPaths,
  options: CreateOptions,
  config: BundleConfig,
): MonitorPlan {
  const { log, exitCommand: given } = options;
  const exitCommand =
    typeof given === 'function' ? askCaller('exitCommand', () => given({ id, incarnation })) : given;
  if (exitCommand !== undefined) checkExitCommand(exitCommand);
  const logs: readonly LogDriver[] = log === undefined ? [{ driver: 'k8s-file' }] : [log].flat();
  return {
    id,
    name: options.name ?? id,
    bundle: resolvePath(options.bundle),
    runtime: context.runtimes.choose(id, options),
    settings: settleMonitor(options, context.monitorDefaults),
    terminal: options.terminal ?? config.terminal,
    logs: logs.map(driver =>
      'path' in driver && driver.path ? { ...driver, path: resolvePath(driver.path) } : driver,
    ),
    exitCommand: exitCommand ? [findExecutable(exitCommand.file), ...(exitCommand.args ?? [])] : [],
    exitDelaySeconds: exitCommand?.delaySeconds,
    options,
  };
}

function makeRecord(
  { placement }: Context,
  plan: MonitorPlan,
  config: BundleConfig,
  paths: ContainerPaths,
): ConfigRecord {
  const usedPlacement = plan.options.placement ?? placement;
  const file = plan.logs.find(({ driver }) => driver === 'k8s-file');
  const { annotations, ownPidNamespace } = config;
  return {
    id: plan.id,
    incarnation: paths.incarnation,
    name: plan.name,
    bundle: plan.bundle,
    runtime: plan.runtime,
    monitorCgroups: askCaller('cgroupsOf', () => usedPlacement?.cgroupsOf?.(plan.id)) ?? [],
    terminal: plan.terminal,
    logPath: file ? formatLogDriver(file, paths.log).slice('k8s-file:'.length) : null,
    stopSignal: plan.options.stopSignal ?? annotations['org.opencontainers.image.stopSignal'] ?? 'SIGTERM',
    ownPidNamespace,
    labels: plan.options.labels ?? {},
    annotations,
    createdAt: new Date().toISOString(),
  };
}
