// What stands among the containers and can't be understood: records that somebody has touched, or that a later version
// wrote, and files that are none of ours. A deletion by force removes it.

import { lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { RecordError, StateError } from '../errors.ts';
import { removeTree } from '../files.ts';
import { takeExit } from '../lifecycle/endings.ts';
import { abandonRemoval, beginRemoval, deleteFromRuntime, release } from '../lifecycle/removal.ts';
import { findByArgument, identifyProcess, killNow, listDescendants } from '../processes/processes.ts';
import { storeExit } from './exit-codes.ts';
import { readIncarnation } from './incarnation.ts';
import { type ContainerPaths, isId, type Layout } from './layout.ts';
import { isAbandoned, readPhase } from './phase.ts';
import { readConfig } from './records.ts';
import { endUses } from './uses.ts';

/** True for an entry among the containers that has not even the name of one. */
export function isStray(layout: Layout, name: string): boolean {
  if (isId(name) || basename(name) !== name || ['', '.', '..'].includes(name) || name.includes('\0'))
    return false;
  return lstatSync(join(layout.containers, name), { throwIfNoEntry: false }) !== undefined;
}

/** Removes such an entry. */
export async function removeStray(layout: Layout, name: string): Promise<void> {
  await removeTree(join(layout.containers, name));
}

/** Removes a container whose records can't be understood, by its ID alone, and keeps its exit code where it has one.
 * False where somebody else is at it. Rejects with {@link StateError} where it is being created. */
export async function removeDamaged(context: Context, id: string): Promise<boolean> {
  const paths = ifUnderstood(() => readIncarnation(context.layout, id));
  if (paths === undefined) {
    await deleteFromRuntime(context, id);
    await removeStray(context.layout, id);
    return true;
  }
  const phase = readPhase(paths);
  if (phase?.name === 'creating' && !isAbandoned(phase))
    throw new StateError(`container ${id} is being created`);
  if (phase?.name === 'deleting' && !isAbandoned(phase)) return false;
  if (phase && !(await beginRemoval(context, paths, phase))) return false;
  try {
    await remove(context, paths);
  } catch (error) {
    await abandonRemoval(paths);
    throw error;
  }
  return true;
}

async function remove(context: Context, paths: ContainerPaths): Promise<void> {
  const { id } = paths;
  const monitors = findByArgument(paths.monitorPidfile);
  // Whatever the runtime does, nothing runs on: what is below a monitor is the container's.
  for (const pid of monitors.flatMap(listDescendants)) killNow(pid);
  const config = ifUnderstood(() => readConfig(paths));
  await deleteFromRuntime(config ? contextOf(context, config) : context, id);
  const [monitor] = monitors;
  const exit = await takeExit(context, paths, monitor === undefined ? undefined : identifyProcess(monitor));
  const unknown = { createdAt: undefined, startedAt: undefined, monitor: undefined };
  await storeExit(context.layout, paths, { ...exit, ...unknown, name: id });
  await endUses(context, paths);
  await release(context, paths);
}

function ifUnderstood<Answer>(read: () => Answer): Answer | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
