// What the directory of state tells of one container: what has happened to it so far, and when. The runtime is not
// asked: whoever has it do something writes that down once it is done.

import { timeIfThere } from '../files.ts';
import { isRunning, type ProcessIdentity } from '../processes/processes.ts';
import { readContainer } from '../state/container.ts';
import { readExitFile, readStoredExit } from '../state/exit-codes.ts';
import { hasId } from '../state/incarnation.ts';
import type { ContainerPaths, Layout } from '../state/layout.ts';
import type { CreatedRecord } from '../state/records.ts';
import { readStartTime } from '../state/start-time.ts';
import type { ContainerExit } from '../types.ts';

/** What has happened to a container that was created. */
export interface Facts {
  readonly id: string;
  readonly incarnation: string;
  readonly name: string;
  readonly createdAt: Date | undefined;
  readonly startedAt: Date | undefined;
  readonly oomKilled: boolean;
  /** While it is paused: since when. */
  readonly pausedAt: Date | undefined;
  readonly exit: Pick<ContainerExit, 'exitCode' | 'finishedAt'> | undefined;
  readonly isDeleted: boolean;
  readonly deletedAt: Date | undefined;
  /** The monitor, while nothing tells how it ended. */
  readonly monitor: ProcessIdentity | undefined;
}

/** `undefined` for a container that is not created yet, that never was, or of which nothing is left. Throws
 * {@link RecordError} where what is written down can't be understood. */
export function readFacts(layout: Layout, paths: ContainerPaths): Facts | undefined {
  const container = readContainer(paths);
  const isCreated = container?.created !== undefined && container.phase.name !== 'creating';
  const facts = isCreated ? readLiving(layout, paths, container.config, container.created) : undefined;
  // Read after the other files: whoever deletes has written it before he removes them.
  const stored = readStoredExit(paths);
  if (stored === undefined) return facts;
  const { id, incarnation } = paths;
  const isDeleted = container === undefined || (facts?.isDeleted ?? true);
  const { name, createdAt, startedAt, oomKilled } = stored;
  return {
    ...{ id, incarnation, name, createdAt, startedAt, oomKilled, isDeleted },
    exit: stored,
    pausedAt: undefined,
    deletedAt: timeIfThere(paths.code),
    monitor: undefined,
  };
}

function readLiving(
  layout: Layout,
  paths: ContainerPaths,
  { name, createdAt }: { readonly name: string; readonly createdAt: string },
  { process, monitor }: CreatedRecord,
): Facts {
  const { id, incarnation } = paths;
  // In this order: a monitor that is gone has written the exit file, if ever it will.
  const runs = [process, monitor].some(one => one !== null && isRunning(one));
  const exitFile = readExitFile(paths);
  const exit = exitFile ?? (runs ? undefined : { exitCode: undefined, finishedAt: undefined });
  return {
    ...{ id, incarnation, name, exit },
    createdAt: new Date(createdAt),
    startedAt: exit ? readStartTime(paths) : timeIfThere(paths.started),
    oomKilled: timeIfThere(paths.oomMarker) !== undefined,
    pausedAt: exit ? undefined : timeIfThere(paths.paused),
    isDeleted: !hasId(layout, paths),
    deletedAt: undefined,
    monitor: exit ? undefined : (monitor ?? process ?? undefined),
  };
}
