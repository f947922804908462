// Undoing a creation that failed, was given up, or whose manager died: afterwards neither the runtime nor this
// library knows the container, and no process of it is left.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { RuntimeError } from './errors.ts';
import type { ContainerPaths } from './layout.ts';
import type { StartedMonitor } from './monitor-start.ts';
import { findByArgument, listDescendants } from './processes.ts';
import { readConfig, release, writeRecord } from './records.ts';
import { saysNoSuchContainer } from './runtime-words.ts';

/** What a runtime started that was killed may still be doing is looked for at this interval. */
const lookAgainMs = 20;

/** How long a monitor has for its last acts before it is killed. */
const lastActsMs = 2_000;

/** Undoes a creation. `monitor` is what was started, if anything was and its pipes are still held. */
export async function undoCreation(
  context: Context,
  id: string,
  paths: ContainerPaths,
  monitor: StartedMonitor | undefined,
): Promise<void> {
  // From here on a manager that starts anew finishes this rather than take the container for a good one.
  if (readConfig(paths)) await writeRecord(paths.deleting, { status: 'creating' });
  if (monitor) await stopRuntime(paths, monitor);
  await deleteFromRuntime(context, id);
  await endMonitors(paths);
  // A runtime that answered between the two is known to nobody else.
  await deleteFromRuntime(context, id);
  monitor?.close();
  await removeTraces(paths, readConfig(paths)?.bundle);
  await release(paths);
}

/** Removes what monitors leave in a bundle and in the manager's directories. */
export async function removeTraces(paths: ContainerPaths, bundle: string | undefined): Promise<void> {
  const inBundle =
    bundle === undefined ? [] : ['attach', 'ctl', 'winsz', 'oom'].map(name => join(bundle, name));
  for (const path of [...inBundle, paths.exitFile, paths.persistDir])
    await rm(path, { recursive: true, force: true });
}

/** Deletes by force; that it is not there is a success. */
export async function deleteFromRuntime(context: Context, id: string): Promise<void> {
  try {
    await context.runtime.run(`deleting container ${id}`, ['delete', '--force', id], {});
  } catch (error) {
    if (!(error instanceof RuntimeError && saysNoSuchContainer(error.words))) throw error;
  }
}

/** Ends a runtime that does not answer: everything below the monitor, which adopts what its children leave, is
 * killed until the monitor has given its reply. The late answer is then one to nobody. */
async function stopRuntime(paths: ContainerPaths, monitor: StartedMonitor): Promise<void> {
  let answered = false;
  const answer = monitor.firstReply.finally(() => {
    answered = true;
  });
  for (let waitedMs = 0; !answered && waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    for (const pid of findByArgument(paths.monitorPidfile)) listDescendants(pid).forEach(kill);
    await Promise.race([answer.catch(() => {}), sleep(lookAgainMs)]);
  }
}

async function endMonitors(paths: ContainerPaths): Promise<void> {
  for (let waitedMs = 0; waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    if (findByArgument(paths.monitorPidfile).length === 0) return;
    await sleep(lookAgainMs);
  }
  for (const pid of findByArgument(paths.monitorPidfile)) [...listDescendants(pid), pid].forEach(kill);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // gone already
}
