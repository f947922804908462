// When a container ends: the one place that waits for it, for any number of waiters.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, pathsOf } from './context.ts';
import { NotFoundError } from './errors.ts';
import { readExitFile, readStoredExit } from './exit-codes.ts';
import { kernel } from './kernel/choose.ts';
import type { ContainerPaths } from './layout.ts';
import type { ProcessIdentity } from './processes.ts';
import { readConfig, readCreated } from './records.ts';
import { recoverCreation } from './recover.ts';
import type { ContainerExit, WaitCondition } from './types.ts';

/** A creation under way in another process ends in one of several ways, which have no event in common. */
const lookAgainMs = 20;

/** What is known when nobody has written anything down. */
export const unknownExit: ContainerExit = { exitCode: undefined, oomKilled: false, finishedAt: undefined };

/** Waits until a container has `stopped` or `exited`, or has been deleted meanwhile. Rejects with
 * {@link NotFoundError} where it is not known, nor kept in the store of exit codes. */
export async function waitForEnd(
  context: Context,
  id: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ContainerExit> {
  const paths = pathsOf(context, id);
  const processes = await findProcesses(context, id, paths, signal);
  if (condition === 'stopped') {
    await waitForProcess(processes.process, signal);
  } else {
    // The monitor ends after its exit command: with it, everything is done (docs/behaviour/exit.md, E15).
    await waitForProcess(processes.monitor, signal);
    await waitForProcess(processes.process, signal);
  }
  return readExit(paths) ?? unknownExit;
}

/** Waits until the exit file is there, or nobody is left to write it. */
export async function waitForExitFile(
  context: Context,
  id: string,
  signal: AbortSignal,
): Promise<ContainerExit> {
  const paths = pathsOf(context, id);
  const { monitor } = await findProcesses(context, id, paths, signal);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopListening = context.exits.listen(id, () => {
    if (readExit(paths)) resolve();
  });
  const done = new AbortController();
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

/** The end as the exit file or the store tells it. Whoever deletes stores before it removes: a file that was not
 * there any more is in the store by then. */
export function readExit(paths: ContainerPaths): ContainerExit | undefined {
  const exit = readExitFile(paths) ?? readStoredExit(paths);
  return exit && { exitCode: exit.exitCode, oomKilled: exit.oomKilled, finishedAt: exit.finishedAt };
}

/** A container's processes; `undefined` where one had ended before it could be looked at, or the container is deleted. */
export interface Processes {
  readonly process: ProcessIdentity | undefined;
  readonly monitor: ProcessIdentity | undefined;
}

/** Waits for a creation that is under way, be it in another process. Rejects as {@link waitForEnd}. */
export async function findProcesses(
  context: Context,
  id: string,
  paths: ContainerPaths,
  signal: AbortSignal,
): Promise<Processes> {
  for (;;) {
    const config = readConfig(paths);
    const created = config && (readCreated(paths) ?? (await recoverCreation(context, paths, config)));
    if (created === undefined || created === 'failed') {
      const stored = readStoredExit(paths);
      if (!stored) throw new NotFoundError(id);
      return { process: undefined, monitor: stored.monitor };
    }
    if (created !== 'creating')
      return { process: created.process ?? undefined, monitor: created.monitor ?? undefined };
    await sleep(lookAgainMs, undefined, { signal });
  }
}

/** Resolves when the process is gone; at once where there is none. */
export async function waitForProcess(
  process: ProcessIdentity | undefined,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (process === undefined) return;
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
