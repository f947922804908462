// Killing a container without its runtime: by the kernel's own means.

import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { freezeCgroup, killByKernel, listCgroupProcesses, thawCgroup } from '../cgroups/cgroup-files.ts';
import { type CgroupIdentity, findCgroups } from '../cgroups/container-cgroup.ts';
import type { Context } from '../context.ts';
import { waitForProcess } from '../lifecycle/endings.ts';
import { within } from '../limits.ts';
import { identifyProcess, type ProcessIdentity } from './processes.ts';
import { signalProcess } from './signal-process.ts';

/** What is known of the processes of a container. */
export interface KillTarget {
  /** The first one. */
  readonly process: ProcessIdentity | null | undefined;
  readonly monitor: ProcessIdentity | null | undefined;
  readonly cgroups: readonly CgroupIdentity[];
  /** True where the others end with the first one. */
  readonly ownPidNamespace: boolean;
}

/** How long a killed process may take to go: one that hangs in the kernel may take for ever. */
const killLimitMs = 30_000;

/** Kills all processes of a container, frozen ones too, without asking anybody; `resume` is called in between, for those
 * whose cgroup is not known. Rejects with {@link TimeLimitError} where its first process does not go. */
export async function endContainer(
  context: Context,
  id: string,
  target: KillTarget,
  resume: () => Promise<unknown> = async () => {},
): Promise<void> {
  const { process, ownPidNamespace } = target;
  const over = new AbortController();
  try {
    const gone = waitForProcess(process, over.signal);
    if (process) await tryKilling(context, id, signalProcess(process, constants.signals.SIGKILL));
    thawContainer(target);
    await resume();
    await within(gone, { timeLimitMs: killLimitMs }, `the end of container ${id} after SIGKILL`);
  } finally {
    over.abort();
    if (!ownPidNamespace) await tryKilling(context, id, killCgroups(target));
  }
}

/** What counts is that processes go: a signal that can't be sent is no error of its own. */
export async function tryKilling(context: Context, id: string, work: Promise<boolean>): Promise<boolean> {
  try {
    return await work;
  } catch (error) {
    context.logger.warn({ id, err: error }, 'a signal could not be sent');
    return false;
  }
}

/** Thaws a container that is paused. */
export function thawContainer(target: KillTarget): void {
  findCgroups(target.cgroups, target.monitor).forEach(thawCgroup);
}

/** Kills what is in the container's cgroups. True when nobody is left there; false where there is no such cgroup, or a
 * process does not end. */
export async function killCgroups(target: KillTarget): Promise<boolean> {
  for (const pauseMs of pausesMs) {
    await sleep(pauseMs);
    const paths = findCgroups(target.cgroups, target.monitor);
    if (paths.flatMap(listCgroupProcesses).length === 0) return target.cgroups.length > 0;
    await killFrozen(paths.filter(path => !killByKernel(path)));
    paths.forEach(thawCgroup);
  }
  return false;
}

/** A cgroup that has no more processes has no event in version 1: it is looked at after such pauses. */
const pausesMs = [0, 1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

/** Frozen, they can't have children meanwhile. */
async function killFrozen(paths: readonly string[]): Promise<void> {
  try {
    await Promise.all(paths.map(freezeCgroup));
    const found = paths.flatMap(listCgroupProcesses).map(identifyProcess);
    // Whoever is listed again had that ID all the time, unless it is gone, which the signal notices.
    const listed = new Set(paths.flatMap(listCgroupProcesses));
    for (const process of found)
      if (process && listed.has(process.pid)) await signalProcess(process, constants.signals.SIGKILL);
  } finally {
    paths.forEach(thawCgroup);
  }
}
