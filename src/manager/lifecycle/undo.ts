// Undoing a creation that failed, was given up, or whose manager died: afterwards neither the runtime nor this
// library knows the container, and no process of it is left.

import { setTimeout as sleep } from 'node:timers/promises';
import { removePlacement } from '../cgroups/placement-removal.ts';
import type { Context } from '../context.ts';
import type { StartedMonitor } from '../monitor/monitor-start.ts';
import { endRuntimeCommands } from '../oci/runtime-processes.ts';
import { findByArgument, killNow, listDescendants } from '../processes/processes.ts';
import type { ContainerPaths } from '../state/layout.ts';
import type { ConfigRecord } from '../state/records.ts';
import { endUses } from '../state/uses.ts';
import { abandonRemoval, deleteFromRuntime, release, removeTraces } from './removal.ts';

/** What a runtime started that was killed may still be doing is looked for at this interval. */
const lookAgainMs = 20;

/** How long a monitor has for its last acts before it is killed. */
const lastActsMs = 2_000;

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
  if (monitor) await stopRuntime(paths, monitor);
  await deleteFromRuntime(context, paths.id);
  await endMonitors(paths);
  await endRuntimeCommands(context.runtime, paths.id);
  // A runtime that answered between the two is known to nobody else.
  await deleteFromRuntime(context, paths.id);
  monitor?.close();
  await endUses(context, paths);
  await removeTraces(config.bundle);
}

/** Ends a runtime that does not answer: everything below the monitor, which adopts what its children leave, is
 * killed until the monitor has given its reply. The late answer is then one to nobody. */
async function stopRuntime(paths: ContainerPaths, monitor: StartedMonitor): Promise<void> {
  let answered = false;
  const answer = monitor.firstReply.finally(() => {
    answered = true;
  });
  for (let waitedMs = 0; !answered && waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    for (const pid of findByArgument(paths.monitorPidfile)) listDescendants(pid).forEach(killNow);
    await Promise.race([answer.catch(() => {}), sleep(lookAgainMs)]);
  }
}

async function endMonitors(paths: ContainerPaths): Promise<void> {
  for (let waitedMs = 0; waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    if (findByArgument(paths.monitorPidfile).length === 0) return;
    await sleep(lookAgainMs);
  }
  for (const pid of findByArgument(paths.monitorPidfile)) [...listDescendants(pid), pid].forEach(killNow);
}
