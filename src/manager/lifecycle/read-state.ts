// What is known of a container, at any moment of its life and for a while after.

import { setTimeout as sleep } from 'node:timers/promises';
import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { NotFoundError, RuntimeError } from '../errors.ts';
import { readIfThere, timeIfThere } from '../files.ts';
import { within } from '../limits.ts';
import { parseStatus } from '../oci/runtime-status.ts';
import { isRunning } from '../processes/processes.ts';
import type { Container } from '../state/container.ts';
import { readExitFile, type StoredExit } from '../state/exit-codes.ts';
import { findContainer, findStored } from '../state/find.ts';
import { hasId } from '../state/incarnation.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { readPhase } from '../state/phase.ts';
import { type CreatedRecord, readDeletion } from '../state/records.ts';
import { readStartTime } from '../state/start-time.ts';
import type {
  CallOptions,
  ContainerExit,
  ContainerOptions,
  ContainerState,
  ContainerStatus,
} from '../types.ts';
import { readExit, unknownExit } from './endings.ts';

/** Returns the state of a container. It does not fail because a deletion is under way: then it tells what was
 * known when that began, and after it from the store of exit codes. Rejects with {@link NotFoundError} where there
 * is nothing at all, with {@link RuntimeError} where the process runs and the runtime does not answer for it, with
 * {@link RecordError} where what is written down can't be understood. */
export async function readState(
  context: Context,
  id: string,
  options: ContainerOptions,
): Promise<ContainerState> {
  options.signal?.throwIfAborted();
  const container = await findContainer(context, id, options);
  if (container === undefined) return readDeleted(context, id, options);
  const { paths, phase, created } = container;
  if (phase.name === 'deleting') return readWhileDeleted(container);
  if (created === undefined) return compose(container, { status: 'creating', synthetic: false });
  const asked = await askRuntime(contextOf(context, container.config), id, options);
  // It may have gone while the runtime was asked, and another one come.
  const phaseNow = readPhase(paths);
  if (phaseNow === undefined || !hasId(context.layout, paths))
    return readDeleted(context, id, { incarnation: paths.incarnation });
  if (phaseNow.name === 'deleting') return readWhileDeleted(container);
  const runs = created.process !== null && isRunning(created.process);
  if (!runs) {
    await waitForExitCode(paths, created);
    return compose(container, { status: 'stopped', synthetic: asked instanceof Error });
  }
  if (asked instanceof Error) throw asked;
  return compose(container, { status: asked, synthetic: false });
}

/** A container that nobody can have started yet. */
export type CreatedContainer = Container & { readonly created: CreatedRecord };

/** What is known of a container at the end of its creation. */
export function describeCreated(container: CreatedContainer): ContainerState {
  return compose(container, { status: 'created', synthetic: false });
}

/** Asks the runtime for its own word; an error of its own is answered, not thrown. */
export async function askRuntime(
  context: Context,
  id: string,
  limits: CallOptions,
): Promise<ContainerStatus | RuntimeError> {
  try {
    const output = context.states.ask(id, () => context.runtime.run(describeAsking(id), ['state', id], {}));
    return parseStatus(await within(output, limits, describeAsking(id)), commandOf(context, id));
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}

/** The same for one asker alone: at his limit the runtime is ended, and every error is thrown. */
export async function askRuntimeAlone(
  context: Context,
  id: string,
  limits: CallOptions,
): Promise<ContainerStatus> {
  const output = await context.runtime.run(describeAsking(id), ['state', id], limits);
  return parseStatus(output, commandOf(context, id));
}

function describeAsking(id: string): string {
  return `asking for the state of container ${id}`;
}

function commandOf({ runtime }: Context, id: string): string[] {
  return [runtime.file, ...runtime.args, 'state', id];
}

/** CRI-O reads the exit file with such a backoff: the process is gone a moment before its output is drained. */
const exitFileDelaysMs = [2, 5, 10, 20, 50, 100, 200, 400];

async function waitForExitCode(paths: ContainerPaths, created: CreatedRecord): Promise<void> {
  for (const delayMs of exitFileDelaysMs) {
    if (readExit(paths) || created.monitor === null || !isRunning(created.monitor)) return;
    await sleep(delayMs);
  }
}

async function readWhileDeleted(container: Container): Promise<ContainerState> {
  const { paths, created } = container;
  const known = created ? (readDeletion(paths)?.status ?? 'unknown') : 'creating';
  const runs = !created || (created.process !== null && isRunning(created.process));
  if (!runs) await waitForExitCode(paths, created);
  return compose(container, { status: runs ? known : 'stopped', synthetic: true, deleting: true });
}

function readDeleted(context: Context, id: string, options: ContainerOptions): ContainerState {
  const stored = findStored(context, id, options);
  if (!stored) throw new NotFoundError(id, options.incarnation);
  return composeDeleted(id, stored);
}

/** The time of a start is written down before the start. */
const unstarted: ReadonlySet<ContainerStatus> = new Set(['creating', 'created']);

type Judgement = Pick<ContainerState, 'status' | 'synthetic'> & Partial<Pick<ContainerState, 'deleting'>>;

function compose(container: Container, judgement: Judgement): ContainerState {
  const { paths, config, created } = container;
  const ended = judgement.status === 'stopped';
  const exit: ContainerExit = (ended ? readExit(paths) : readExitFile(paths)) ?? unknownExit;
  const oomKilled = exit.oomKilled || timeIfThere(paths.oomMarker) !== undefined;
  const monitor = created?.monitor;
  return {
    id: config.id,
    incarnation: config.incarnation,
    ...judgement,
    error: readIfThere(paths.startFailure),
    deleting: judgement.deleting ?? false,
    pid: ended ? undefined : created?.pid,
    monitorPid: monitor && isRunning(monitor) ? monitor.pid : undefined,
    bundle: config.bundle,
    name: config.name,
    createdAt: new Date(config.createdAt),
    startedAt: unstarted.has(judgement.status) ? undefined : readStartTime(paths),
    ...exit,
    oomKilled,
    logPath: config.logPath ?? undefined,
    terminal: config.terminal,
    labels: config.labels,
    annotations: config.annotations,
  };
}

/** What can be said of a container that can't be understood. */
export function composeUnknown(id: string, error: unknown): ContainerState {
  return {
    ...nothingKnown,
    ...unknownExit,
    id,
    status: 'unknown',
    error: error instanceof Error ? error.message : String(error),
    name: id,
  };
}

function composeDeleted(
  id: string,
  { incarnation, exit }: { readonly incarnation: string; readonly exit: StoredExit },
): ContainerState {
  const { monitor, ...known } = exit;
  return {
    ...nothingKnown,
    ...known,
    id,
    incarnation,
    status: 'stopped',
    monitorPid: monitor && isRunning(monitor) ? monitor.pid : undefined,
  };
}

const nothingKnown = {
  incarnation: undefined,
  synthetic: true,
  error: undefined,
  deleting: false,
  pid: undefined,
  monitorPid: undefined,
  bundle: undefined,
  createdAt: undefined,
  startedAt: undefined,
  logPath: undefined,
  terminal: false,
  labels: {},
  annotations: {},
} as const;
