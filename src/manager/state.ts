// What is known of a container, at any moment of its life and for a while after.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, pathsOf } from './context.ts';
import { readExit, unknownExit } from './endings.ts';
import { NotFoundError, RuntimeError } from './errors.ts';
import { readExitFile, readStoredExit, type StoredExit } from './exit-codes.ts';
import { timeIfThere } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import { within } from './limits.ts';
import { isRunning } from './processes.ts';
import { type ConfigRecord, type CreatedRecord, readConfig, readCreated, readDeleting } from './records.ts';
import { recoverCreation } from './recover.ts';
import { parseStatus } from './runtime-status.ts';
import type { CallOptions, ContainerExit, ContainerState, ContainerStatus } from './types.ts';

/** Returns the state of a container. It does not fail because a deletion is under way: then it tells what was
 * known when that began, and after it from the store of exit codes. Rejects with {@link NotFoundError} where there
 * is nothing at all, with {@link RuntimeError} where the process runs and the runtime does not answer for it. */
export async function readState(context: Context, id: string, limits: CallOptions): Promise<ContainerState> {
  const paths = pathsOf(context, id);
  const config = readConfig(paths);
  const created = config && (readCreated(paths) ?? (await recoverCreation(context, paths, config)));
  if (config === undefined || created === undefined || created === 'failed') return readDeleted(id, paths);
  if (created === 'creating')
    return compose(paths, config, undefined, { status: 'creating', synthetic: false });
  const deleting = readDeleting(paths);
  if (deleting) return readWhileDeleted(paths, config, created, deleting.status);
  const asked = await askRuntime(context, id, limits);
  // It may have gone while the runtime was asked.
  if (readConfig(paths)?.createdAt !== config.createdAt) return readDeleted(id, paths);
  const begun = readDeleting(paths);
  if (begun) return readWhileDeleted(paths, config, created, begun.status);
  const runs = created.process !== null && isRunning(created.process);
  if (!runs) {
    await waitForExitCode(paths, created);
    return compose(paths, config, created, { status: 'stopped', synthetic: asked instanceof Error });
  }
  if (asked instanceof Error) throw asked;
  return compose(paths, config, created, { status: asked, synthetic: false });
}

/** Asks the runtime for its own word; an error of its own is answered, not thrown. */
export async function askRuntime(
  context: Context,
  id: string,
  limits: CallOptions,
): Promise<ContainerStatus | RuntimeError> {
  try {
    const what = `asking for the state of container ${id}`;
    const output = context.states.ask(id, () => context.runtime.run(what, ['state', id], {}));
    const { file, args } = context.runtime;
    return parseStatus(await within(output, limits, what), [file, ...args, 'state', id]);
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}

/** CRI-O reads the exit file with such a backoff: the process is gone a moment before its output is drained. */
const exitFileDelaysMs = [2, 5, 10, 20, 50, 100, 200, 400];

async function waitForExitCode(paths: ContainerPaths, created: CreatedRecord): Promise<void> {
  for (const delayMs of exitFileDelaysMs) {
    if (readExit(paths) || created.monitor === null || !isRunning(created.monitor)) return;
    await sleep(delayMs);
  }
}

function readWhileDeleted(
  paths: ContainerPaths,
  config: ConfigRecord,
  created: CreatedRecord,
  known: ContainerStatus,
): ContainerState {
  const runs = created.process !== null && isRunning(created.process);
  return compose(paths, config, created, {
    status: runs ? known : 'stopped',
    synthetic: true,
    deleting: true,
  });
}

function readDeleted(id: string, paths: ContainerPaths): ContainerState {
  const stored = readStoredExit(paths);
  if (!stored) throw new NotFoundError(id);
  return composeDeleted(id, stored);
}

/** The time of a start is written down before the start. */
const unstarted: ReadonlySet<ContainerStatus> = new Set(['creating', 'created']);

type Judgement = Pick<ContainerState, 'status' | 'synthetic'> & Partial<Pick<ContainerState, 'deleting'>>;

function compose(
  paths: ContainerPaths,
  config: ConfigRecord,
  created: CreatedRecord | undefined,
  judgement: Judgement,
): ContainerState {
  const ended = judgement.status === 'stopped';
  const exit: ContainerExit = (ended ? readExit(paths) : readExitFile(paths)) ?? unknownExit;
  const oomKilled = exit.oomKilled || timeIfThere(paths.oomMarker) !== undefined;
  const monitor = created?.monitor;
  return {
    id: config.id,
    ...judgement,
    deleting: judgement.deleting ?? false,
    pid: ended ? undefined : created?.pid,
    monitorPid: monitor && isRunning(monitor) ? monitor.pid : undefined,
    bundle: config.bundle,
    name: config.name,
    createdAt: new Date(config.createdAt),
    startedAt: unstarted.has(judgement.status) ? undefined : timeIfThere(paths.started),
    ...exit,
    oomKilled,
    logPath: config.logPath ?? undefined,
    terminal: config.terminal,
    labels: config.labels,
    annotations: config.annotations,
  };
}

function composeDeleted(id: string, stored: StoredExit): ContainerState {
  return {
    id,
    status: 'stopped',
    synthetic: true,
    deleting: false,
    pid: undefined,
    monitorPid: stored.monitor && isRunning(stored.monitor) ? stored.monitor.pid : undefined,
    bundle: undefined,
    name: stored.name,
    createdAt: stored.createdAt,
    startedAt: stored.startedAt,
    exitCode: stored.exitCode,
    oomKilled: stored.oomKilled,
    finishedAt: stored.finishedAt,
    logPath: undefined,
    terminal: false,
    labels: {},
    annotations: {},
  };
}
