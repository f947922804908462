// Deleting a container, with its exit code kept: stored first, removed after. Broken off anywhere, it can be done
// again.

import { rm } from 'node:fs/promises';
import { type Context, pathsOf } from './context.ts';
import { unknownExit, waitForExitFile } from './endings.ts';
import { NotFoundError, RuntimeError, StateError } from './errors.ts';
import { readStoredExit, storeExit } from './exit-codes.ts';
import { timeIfThere } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import { within } from './limits.ts';
import { isRunning } from './processes.ts';
import {
  type ConfigRecord,
  type CreatedRecord,
  readConfig,
  readCreated,
  release,
  writeRecord,
} from './records.ts';
import { recoverCreation } from './recover.ts';
import { saysNoSuchContainer } from './runtime-words.ts';
import { askRuntime } from './state.ts';
import type { ContainerExit, ContainerStatus, DeleteOptions } from './types.ts';
import { deleteFromRuntime, removeTraces, undoCreation } from './undo.ts';

/** How long a monitor may take from its container's end to the exit file: it drains and syncs the log between. */
const exitFileLimitMs = 10_000;

/** Deletes a container; one that was deleted within the last five minutes is a success. Calls join. Rejects with
 * {@link StateError} where it has not stopped and `force` is not given. */
export async function deleteContainer(context: Context, id: string, options: DeleteOptions): Promise<void> {
  const running = context.deletions.get(id);
  const deletion = running ?? remove(context, id, options).finally(() => context.deletions.delete(id));
  if (!running) context.deletions.set(id, deletion);
  await within(deletion, options, `deleting container ${id}`);
}

async function remove(context: Context, id: string, options: DeleteOptions): Promise<void> {
  const paths = pathsOf(context, id);
  const config = readConfig(paths);
  const created = config && (readCreated(paths) ?? (await recoverCreation(context, paths, config)));
  if (config === undefined || created === undefined || created === 'failed') {
    if (readStoredExit(paths)) return;
    throw new NotFoundError(id);
  }
  if (created === 'creating') {
    if (!options.force || isRunning(config.creator)) throw new StateError(`container ${id} is being created`);
    return undoCreation(context, id, paths, undefined);
  }
  const status = await learnStatus(context, id, created);
  if (!options.force && status !== 'stopped' && status !== 'created')
    throw new StateError(`container ${id} is ${status}: stop it first, or delete it by force`);
  await writeRecord(paths.deleting, { status });
  try {
    if (status === 'paused') await killPaused(context, id);
    await deleteFromRuntime(context, id);
  } catch (error) {
    await rm(paths.deleting, { force: true });
    throw error;
  }
  const exit = await takeExit(context, id);
  await keepAndRemove(context, paths, config, created, exit);
}

async function learnStatus(context: Context, id: string, created: CreatedRecord): Promise<ContainerStatus> {
  const runs = created.process !== null && isRunning(created.process);
  if (!runs) return 'stopped';
  const asked = await askRuntime(context, id, {});
  if (typeof asked === 'string') return asked;
  if (saysNoSuchContainer(asked.words) || !isRunning(created.process)) return 'stopped';
  throw asked;
}

/** A frozen process dies when it thaws: runc waits for its end without thawing it (cgroup v1). */
async function killPaused(context: Context, id: string): Promise<void> {
  await context.runtime.run(`killing container ${id}`, ['kill', id, 'KILL'], {}).catch(ignoreRuntimeError);
  await context.runtime.run(`resuming container ${id}`, ['resume', id], {}).catch(ignoreRuntimeError);
}

function ignoreRuntimeError(error: unknown): void {
  if (!(error instanceof RuntimeError)) throw error;
}

async function takeExit(context: Context, id: string): Promise<ContainerExit> {
  const limit = AbortSignal.timeout(exitFileLimitMs);
  try {
    return await waitForExitFile(context, id, limit);
  } catch (error) {
    if (!limit.aborted) throw error;
    context.logger.warn({ id }, `no exit file after ${exitFileLimitMs} ms`);
    return unknownExit;
  }
}

async function keepAndRemove(
  context: Context,
  paths: ContainerPaths,
  config: ConfigRecord,
  created: CreatedRecord,
  exit: ContainerExit,
): Promise<void> {
  const monitor = created.monitor && isRunning(created.monitor) ? created.monitor : undefined;
  const times = { createdAt: new Date(config.createdAt), startedAt: timeIfThere(paths.started) };
  await storeExit(context.layout, paths, { ...exit, ...times, name: config.name, monitor });
  // Not before: the directory of state is what makes a second attempt possible.
  await removeTraces(paths, config.bundle);
  await release(paths);
}
