// When a container ends: the one place that waits for it, for any number of waiters.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupIdentity } from '../cgroups/container-cgroup.ts';
import type { Context } from '../context.ts';
import { DirectoryWatch } from '../directory-watch.ts';
import { NotFoundError } from '../errors.ts';
import { kernel } from '../kernel/choose.ts';
import type { ProcessIdentity } from '../processes/processes.ts';
import { readExitFile, readStoredExit } from '../state/exit-codes.ts';
import { findContainer, findStored } from '../state/find.ts';
import { type ContainerPaths, layOutContainer } from '../state/layout.ts';
import type { ContainerExit, ContainerOptions, WaitCondition } from '../types.ts';

/** A creation under way in another process ends in one of several ways, which have no event in common. */
const lookAgainMs = 20;

/** What is known when nobody has written anything down. */
export const unknownExit: ContainerExit = { exitCode: undefined, oomKilled: false, finishedAt: undefined };

/** Waits until a container has `stopped` or `exited`, or has been deleted meanwhile: the one that had the ID when this
 * was called. Rejects with {@link NotFoundError} where it is not known, nor kept in the store of exit codes. */
export async function waitForEnd(
  context: Context,
  id: string,
  condition: WaitCondition,
  signal: AbortSignal,
  options: ContainerOptions = {},
): Promise<ContainerExit> {
  const { paths, process, monitor } = await findProcesses(context, id, signal, options);
  // The monitor ends after its exit command: with it, everything is done (docs/behaviour/exit.md, E15).
  if (condition === 'exited') await waitForProcess(monitor, signal);
  await waitForProcess(process, signal);
  return readExit(paths) ?? unknownExit;
}

/** Waits for the exit file of the container that has the ID now, as {@link waitForExitFile}. Rejects with
 * {@link NotFoundError}. */
export async function waitForExit(
  context: Context,
  id: string,
  signal: AbortSignal,
  options: ContainerOptions = {},
): Promise<ContainerExit> {
  const { paths, monitor } = await findProcesses(context, id, signal, options);
  return waitForExitFile(paths, monitor, signal);
}

/** Waits until the exit file is there, or nobody is left to write it. */
export async function waitForExitFile(
  paths: ContainerPaths,
  monitor: ProcessIdentity | null | undefined,
  signal: AbortSignal,
): Promise<ContainerExit> {
  const found = readExit(paths);
  if (found) return found;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = new AbortController();
  const stopListening = new DirectoryWatch(paths.exitDir).listen(paths.id, () => {
    try {
      if (readExit(paths)) resolve();
    } catch {} // it is read once more when the monitor has ended, and who waits is told
  });
  try {
    const found = readExit(paths);
    if (found) return found;
    await Promise.race([promise, waitForProcess(monitor, AbortSignal.any([signal, done.signal]))]);
    return readExit(paths) ?? unknownExit;
  } finally {
    stopListening();
    done.abort();
  }
}

/** How long a monitor may take from its container's end to the exit file: it drains and syncs the log between. */
const exitFileLimitMs = 10_000;

/** The end of a container that is deleted; unknown where its monitor takes too long to write it down. */
export async function takeExit(
  context: Context,
  paths: ContainerPaths,
  monitor: ProcessIdentity | null | undefined,
): Promise<ContainerExit> {
  const limit = AbortSignal.timeout(exitFileLimitMs);
  try {
    return await waitForExitFile(paths, monitor, limit);
  } catch (error) {
    if (!limit.aborted) throw error;
    context.logger.warn({ id: paths.id }, `no exit file after ${exitFileLimitMs} ms`);
    return unknownExit;
  }
}

/** The end as the exit file or the store tells it. Whoever deletes stores before it removes: a file that was not
 * there any more is in the store by then. */
export function readExit(paths: ContainerPaths): ContainerExit | undefined {
  const exit = readExitFile(paths) ?? readStoredExit(paths);
  return exit && { exitCode: exit.exitCode, oomKilled: exit.oomKilled, finishedAt: exit.finishedAt };
}

/** A container's processes; `undefined` where one had ended before it could be looked at, or the container is deleted. */
export interface ContainerProcesses {
  readonly paths: ContainerPaths;
  readonly process: ProcessIdentity | undefined;
  readonly monitor: ProcessIdentity | undefined;
  readonly cgroups: readonly CgroupIdentity[];
}

/** Waits for a creation that is under way, be it in another process. Rejects as {@link waitForEnd}. */
export async function findProcesses(
  context: Context,
  id: string,
  signal: AbortSignal,
  options: ContainerOptions = {},
): Promise<ContainerProcesses> {
  let wanted = options;
  for (;;) {
    signal.throwIfAborted();
    const container = await findContainer(context, id, wanted);
    if (container === undefined) {
      const stored = findStored(context, id, wanted);
      if (stored === undefined) throw new NotFoundError(id, options.incarnation);
      const paths = layOutContainer(context.layout, id, stored.incarnation);
      return { paths, process: undefined, monitor: stored.exit.monitor, cgroups: [] };
    }
    const { paths, created } = container;
    if (created)
      return {
        paths,
        process: created.process ?? undefined,
        monitor: created.monitor ?? undefined,
        cgroups: created.cgroups,
      };
    wanted = { incarnation: paths.incarnation };
    await sleep(lookAgainMs, undefined, { signal });
  }
}

/** Resolves when the process is gone; at once where there is none. */
export async function waitForProcess(
  process: ProcessIdentity | null | undefined,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!process) return;
  const watch = (await kernel()).watchProcess(process);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([watch.gone, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    watch.stop();
  }
}
