// Deleting a container, with its exit code kept: stored first, removed after. One call in one process does it, and the
// others wait for that one. Broken off anywhere, it can be done again.

import { setTimeout as sleep } from 'node:timers/promises';
import { removePlacement } from '../cgroups/placement-removal.ts';
import { contextOf } from '../container-context.ts';
import { type Context, noteRemoval } from '../context.ts';
import { ExistsError, NotFoundError, RecordError, StateError, TimeLimitError } from '../errors.ts';
import { within } from '../limits.ts';
import { PatientRuntime } from '../oci/patient-runtime.ts';
import { callRuntime } from '../oci/runtime-status.ts';
import { saysNoSuchContainer } from '../oci/runtime-words.ts';
import { endContainer } from '../processes/kill-container.ts';
import { isRunning } from '../processes/processes.ts';
import type { Container } from '../state/container.ts';
import { isStray, removeDamaged, removeStray } from '../state/damage.ts';
import { storeExit } from '../state/exit-codes.ts';
import { findContainer, findStored } from '../state/find.ts';
import { hasId } from '../state/incarnation.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { isAbandoned, movePhase, ownPhase, readPhase } from '../state/phase.ts';
import { type CreatedRecord, writeRecord } from '../state/records.ts';
import { readStartTime } from '../state/start-time.ts';
import { endUses } from '../state/uses.ts';
import type { ContainerOptions, ContainerStatus, DeleteOptions } from '../types.ts';
import { takeExit } from './endings.ts';
import { askRuntime } from './read-state.ts';
import { abandonRemoval, beginRemoval, deleteFromRuntime, release, removeTraces } from './removal.ts';
import { undoCreation } from './undo.ts';

/** How long a deletion by somebody else is waited for. Its own steps have limits; one whose process is stopped has not. */
const othersLimitMs = 120_000;

/** What other processes do has no event that can be waited for. */
const lookAgainMs = 10;

/** Deletes a container; one that was deleted within the last five minutes is a success. Rejects with {@link StateError}
 * where it has not stopped and `force` is not given. */
export async function deleteContainer(context: Context, id: string, options: DeleteOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const deletion = noteRemoval(context, deleteIncarnation(context, id, options));
  await within(deletion, options, `deleting container ${id}`);
}

/** Makes way for a new container of this ID, where the one that has it is about to go. Rejects with
 * {@link ExistsError} where it is not. */
export async function makeWay(context: Context, id: string, signal: AbortSignal): Promise<void> {
  const container = await findContainer(context, id, {}).catch(error => {
    throw error instanceof RecordError ? new ExistsError(id, { cause: error }) : error;
  });
  if (container === undefined) return;
  if (container.phase.name !== 'deleting') throw new ExistsError(id);
  await deleteOnce(context, container, { force: true }, signal);
}

async function deleteIncarnation(context: Context, id: string, options: DeleteOptions): Promise<void> {
  if (options.force && isStray(context.layout, id)) return removeStray(context.layout, id);
  const endMs = performance.now() + othersLimitMs;
  let wanted: ContainerOptions = options;
  for (;;) {
    const container = await findContainer(context, id, wanted).catch(error => {
      if (options.force && error instanceof RecordError) return error;
      throw error;
    });
    if (container instanceof RecordError) {
      if (await removeDamaged(context, id)) return;
      if (performance.now() > endMs) throw tooLong(id);
      await sleep(lookAgainMs);
      continue;
    }
    if (container === undefined) {
      if (wanted !== options || findStored(context, id, options)) return;
      throw new NotFoundError(id, options.incarnation);
    }
    // Whatever has the ID later is not what was to be deleted.
    wanted = { incarnation: container.paths.incarnation };
    await deleteOnce(context, container, options);
  }
}

/** One attempt: afterwards the container is gone, or is to be looked at again. */
async function deleteOnce(
  anyContext: Context,
  container: Container,
  options: DeleteOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { paths, phase, config, created } = container;
  const context = contextOf(anyContext, config);
  if (phase.name === 'creating') {
    // Nobody would ever end one whose creator is dead and whose runtime hangs.
    if (options.force && isAbandoned(phase)) return undo(context, container);
    throw new StateError(`container ${paths.id} is being created`);
  }
  if (phase.name === 'deleting' && !isAbandoned(phase)) return waitForOthers(context, paths, signal);
  if (created === undefined) return undo(context, container);
  if (phase.name === 'deleting') {
    if (await beginRemoval(context, paths, phase)) await remove(context, container, created, options);
    return;
  }
  const status = await learnStatus(context, paths, created, options);
  if (!options.force && status !== 'stopped' && status !== 'created')
    throw new StateError(`container ${paths.id} is ${status}: stop it first, or delete it by force`);
  if (await beginRemoval(context, paths, phase)) await remove(context, container, created, options, status);
}

async function undo(context: Context, { paths, phase, config }: Container): Promise<void> {
  if (await beginRemoval(context, paths, phase))
    await undoCreation(context, { paths, config, isStarted: true });
}

async function waitForOthers(
  context: Context,
  paths: ContainerPaths,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < othersLimitMs; waitedMs += lookAgainMs) {
    await sleep(lookAgainMs, undefined, signal ? { signal } : {});
    const phase = readPhase(paths);
    if (phase === undefined || phase.name !== 'deleting' || isAbandoned(phase)) return;
    if (!hasId(context.layout, paths)) return;
  }
  throw tooLong(paths.id);
}

function tooLong(id: string): TimeLimitError {
  return new TimeLimitError(`the deletion of container ${id} by another process`, othersLimitMs);
}

/** Deletes a container whose removal is this call's business. Where the runtime refuses before anything was done, the
 * container is as it was; where it fails later, the next who deletes goes on. */
async function remove(
  context: Context,
  container: Container,
  created: CreatedRecord,
  { force = false }: DeleteOptions,
  status?: ContainerStatus,
): Promise<void> {
  const { paths, config } = container;
  try {
    // Told while the deletion goes on, and no condition for it.
    if (status !== undefined)
      await writeRecord(paths.deletion, { status }).catch(error => note(context, paths, error));
    await endProcesses(context, container, created, status);
    await deleteFromRuntime(context, paths.id);
    const exit = await takeExit(context, paths, created.monitor);
    const monitor = created.monitor && isRunning(created.monitor) ? created.monitor : undefined;
    const times = { createdAt: new Date(config.createdAt), startedAt: readStartTime(paths) };
    const stored = storeExit(context.layout, paths, { ...exit, ...times, name: config.name, monitor });
    // On a full disk a deletion by force makes room, though then nobody is told the exit code any more.
    await (force ? stored.catch(error => note(context, paths, error)) : stored);
    // Not before: what is written down is what makes a second attempt possible.
    await endUses(context, paths);
    await removeTraces(config.bundle);
    await removePlacement(context, config, created.monitor);
    await release(context, paths);
  } catch (error) {
    const runs = created.process !== null && isRunning(created.process);
    if (runs) await movePhase(paths, ownPhase('deleting'), { name: 'created', owner: undefined });
    else await abandonRemoval(paths);
    throw error;
  }
}

function note(context: Context, { id }: ContainerPaths, error: unknown): void {
  context.logger.warn({ id, err: error }, 'what was known of a deleted container could not be written down');
}

async function learnStatus(
  context: Context,
  paths: ContainerPaths,
  created: CreatedRecord,
  { force }: DeleteOptions,
): Promise<ContainerStatus> {
  const runs = () => created.process !== null && isRunning(created.process);
  if (!runs()) return 'stopped';
  // What the runtime says matters little then.
  if (force) return (await new PatientRuntime(context, paths).askStatus()) ?? 'unknown';
  const asked = await askRuntime(context, paths.id, {});
  if (typeof asked === 'string') return asked;
  if (!runs()) return 'stopped';
  // Where nobody deletes it, the runtime has forgotten what runs.
  if (saysNoSuchContainer(asked.words)) return readPhase(paths)?.name === 'created' ? 'running' : 'stopped';
  throw asked;
}

/** Kills what runs, so that nothing does whatever comes of the runtime's part. */
async function endProcesses(
  context: Context,
  { paths: { id }, config: { ownPidNamespace } }: Container,
  created: CreatedRecord,
  status: ContainerStatus | undefined,
): Promise<void> {
  const resume = async () => {
    if (status === 'paused') await callRuntime(context.runtime, `resuming container ${id}`, ['resume', id]);
  };
  const runs = created.process !== null && isRunning(created.process);
  if (runs || !ownPidNamespace) await endContainer(context, id, { ...created, ownPidNamespace }, resume);
}
