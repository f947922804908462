// Creating a container: everything between the caller's wish and a process that waits to be started, and nothing
// left where it fails.

import { mkdir, rm } from 'node:fs/promises';
import { type BundleConfig, readBundle } from './bundle.ts';
import { type Context, pathsOf } from './context.ts';
import { MonitorError, RuntimeError, TimeLimitError } from './errors.ts';
import { findExecutable } from './executables.ts';
import { readIfThere } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import { within } from './limits.ts';
import { buildCreateArgs, formatLogDriver, type MonitorPlan } from './monitor-args.ts';
import { type StartedMonitor, startMonitor } from './monitor-start.ts';
import { identifyProcess } from './processes.ts';
import { type ConfigRecord, claim, writeRecord } from './records.ts';
import { extractRuntimeWords } from './runtime-words.ts';
import type { CreateOptions, LogDriver } from './types.ts';
import { undoCreation } from './undo.ts';
import { resolvePath } from './working-directory.ts';

/** A runtime's create takes a fraction of a second; what takes this long hangs. */
const createTimeLimitMs = 10_000;

/** How long a creation that failed may take to be undone before its caller is told; the rest goes on behind. */
const undoGraceMs = 5_000;

/** Creates a container. Rejects with {@link ExistsError}, {@link RuntimeError}, {@link MonitorError},
 * {@link TimeLimitError}, {@link ArgumentError} or the signal's reason; the ID is free again in each case but the
 * first. */
export async function createContainer(context: Context, id: string, options: CreateOptions): Promise<void> {
  const paths = pathsOf(context, id);
  const config = readBundle(resolvePath(options.bundle));
  const plan = makePlan(context, id, options, config);
  const timeLimitMs = options.timeLimitMs ?? createTimeLimitMs;
  const limits = { timeLimitMs, ...(options.signal ? { signal: options.signal } : {}) };
  const what = `creating container ${id}`;
  await within(context.undoing.get(id) ?? Promise.resolve(), limits, what);
  await claim(paths, makeRecord(plan, config, paths));
  const attempt = new Attempt(context, paths, plan);
  try {
    await within(attempt.run(), limits, what);
  } catch (error) {
    attempt.giveUp.abort(error);
    await undo(context, id, paths, attempt);
    throw error;
  }
}

class Attempt {
  readonly giveUp = new AbortController();
  /** Resolves with the monitor once one has been started; `undefined` where it came to none. */
  readonly monitor: Promise<StartedMonitor | undefined>;
  readonly #context: Context;
  readonly #paths: ContainerPaths;
  readonly #plan: MonitorPlan;
  readonly #started = Promise.withResolvers<StartedMonitor | undefined>();

  constructor(context: Context, paths: ContainerPaths, plan: MonitorPlan) {
    this.#context = context;
    this.#paths = paths;
    this.#plan = plan;
    this.monitor = this.#started.promise;
  }

  async run(): Promise<void> {
    try {
      const monitor = await this.#start();
      this.#started.resolve(monitor);
      await this.#takeReply(monitor);
      monitor.close();
    } finally {
      this.#started.resolve(undefined);
    }
  }

  async #start(): Promise<StartedMonitor> {
    const { layout, placement, conmon, environment } = this.#context;
    const { options, id } = this.#plan;
    const { exitFile, persistDir, code } = this.#paths;
    // What an older container of this ID left must not be taken for this one's.
    for (const path of [exitFile, persistDir, code]) await rm(path, { recursive: true, force: true });
    for (const path of [layout.exits, persistDir]) await mkdir(path, { recursive: true, mode: 0o700 });
    this.giveUp.signal.throwIfAborted();
    return startMonitor({
      id,
      file: conmon,
      args: buildCreateArgs(layout, this.#paths, this.#plan),
      environment,
      placement: options.placement ?? placement,
      attaches: false,
      signal: this.giveUp.signal,
    });
  }

  async #takeReply(monitor: StartedMonitor): Promise<void> {
    const [reply] = await Promise.all([monitor.firstReply, monitor.launched]);
    this.giveUp.signal.throwIfAborted();
    const { id } = this.#plan;
    const command = [this.#context.conmon, ...buildCreateArgs(this.#context.layout, this.#paths, this.#plan)];
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
    const monitorPid = Number(readIfThere(this.#paths.monitorPidfile));
    await writeRecord(this.#paths.created, {
      pid: reply.value,
      process: identifyProcess(reply.value) ?? null,
      monitor: identifyProcess(monitorPid) ?? null,
    });
  }
}

async function undo(context: Context, id: string, paths: ContainerPaths, attempt: Attempt): Promise<void> {
  const undone = attempt.monitor
    .then(monitor => undoCreation(context, id, paths, monitor))
    .catch(error => context.logger.error({ id, err: error }, 'a failed creation could not be undone'))
    .finally(() => context.undoing.delete(id));
  context.undoing.set(id, undone);
  await within(undone, { timeLimitMs: undoGraceMs }, 'undoing').catch(error => {
    if (!(error instanceof TimeLimitError)) throw error;
  });
}

function makePlan(context: Context, id: string, options: CreateOptions, config: BundleConfig): MonitorPlan {
  const { exitCommand, log } = options;
  const logs: readonly LogDriver[] = log === undefined ? [{ driver: 'k8s-file' }] : [log].flat();
  return {
    id,
    name: options.name ?? id,
    bundle: resolvePath(options.bundle),
    runtime: context.runtime.file,
    runtimeArgs: context.runtime.args,
    terminal: options.terminal ?? config.terminal,
    logs: logs.map(driver =>
      'path' in driver && driver.path ? { ...driver, path: resolvePath(driver.path) } : driver,
    ),
    exitCommand: exitCommand ? [findExecutable(exitCommand.file), ...(exitCommand.args ?? [])] : [],
    options,
  };
}

function makeRecord(plan: MonitorPlan, config: BundleConfig, paths: ContainerPaths): ConfigRecord {
  const file = plan.logs.find(({ driver }) => driver === 'k8s-file');
  const creator = identifyProcess(process.pid);
  if (creator === undefined) throw new Error('/proc does not show this process');
  const { annotations, ownPidNamespace } = config;
  return {
    id: plan.id,
    name: plan.name,
    bundle: plan.bundle,
    terminal: plan.terminal,
    logPath: file ? formatLogDriver(file, paths.log).slice('k8s-file:'.length) : null,
    stopSignal: plan.options.stopSignal ?? annotations['org.opencontainers.image.stopSignal'] ?? 'SIGTERM',
    ownPidNamespace,
    labels: plan.options.labels ?? {},
    annotations,
    createdAt: new Date().toISOString(),
    creator,
  };
}
