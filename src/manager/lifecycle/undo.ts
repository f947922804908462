// Undoing a creation that failed, was given up, or whose manager died: afterwards neither the runtime nor this
// library knows the container, and no process of it is left.

import { removePlacement } from '../cgroups/placement-removal.ts';
import type { Context } from '../context.ts';
import { endMonitors, killRuntime } from '../monitor/end-monitor.ts';
import type { StartedMonitor } from '../monitor/monitor-start.ts';
import { endRuntimeCommands } from '../oci/runtime-processes.ts';
import type { ContainerPaths } from '../state/layout.ts';
import type { ConfigRecord } from '../state/records.ts';
import { endUses } from '../state/uses.ts';
import { abandonRemoval, deleteFromRuntime, release, removeTraces } from './removal.ts';

/** What is to be undone. */
export interface BrokenCreation {
  readonly paths: ContainerPaths;
  readonly config: ConfigRecord;
  /** What was started, if anything was and its pipes are still held. */
  readonly monitor?: StartedMonitor | undefined;
  /** False where it is known that nothing was. */
  readonly isStarted: boolean;
}

/** Undoes a creation whose removal is this process's business (./removal.ts). Where it fails, it is anybody's. */
export async function undoCreation(context: Context, creation: BrokenCreation): Promise<void> {
  const { paths, config, isStarted } = creation;
  try {
    if (isStarted) await endStarted(context, creation);
    await removePlacement(context, config, null);
    await release(context, paths);
  } catch (error) {
    await abandonRemoval(paths);
    throw error;
  }
}

async function endStarted(context: Context, { paths, config, monitor }: BrokenCreation): Promise<void> {
  // Its late answer is then one to nobody.
  if (monitor) await killRuntime(paths.monitorPidfile, monitor);
  await deleteFromRuntime(context, paths.id);
  await endMonitors(paths.monitorPidfile);
  await endRuntimeCommands(context.runtime, paths.id);
  // A runtime that answered between the two is known to nobody else.
  await deleteFromRuntime(context, paths.id);
  monitor?.close();
  await endUses(context, paths);
  await removeTraces(config.bundle);
}
