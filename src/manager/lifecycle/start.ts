// Starting a created container.

import { rm } from 'node:fs/promises';
import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { RuntimeError, StateError } from '../errors.ts';
import { writeWhole } from '../files.ts';
import { isRunning } from '../processes/processes.ts';
import type { Container } from '../state/container.ts';
import { readExitFile } from '../state/exit-codes.ts';
import { requireContainer } from '../state/find.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { noteStarted, noteStarting } from '../state/start-time.ts';
import { useContainer } from '../state/uses.ts';
import type { ContainerOptions } from '../types.ts';
import { askRuntimeAlone } from './read-state.ts';

/** Starts a container, and notes when: before the program can end. Rejects with {@link StateError} where its monitor is
 * gone: nobody would see its output, nor its end. What a start that failed said stays in the container's state. */
export async function startContainer(
  anyContext: Context,
  id: string,
  options: ContainerOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  const container = await requireContainer(anyContext, id, options);
  const context = contextOf(anyContext, container.config);
  const { paths } = container;
  requireMonitor(id, container);
  await useContainer(paths, async () => {
    await noteStarting(paths);
    try {
      await context.runtime.run(`starting container ${id}`, ['start', id], options);
    } catch (error) {
      // A runtime that does not answer now is no reason to keep the caller, nor to tell him something else.
      await noteFailure(context, paths, error).catch(second =>
        context.logger.warn({ id, err: second }, 'what a failed start has left could not be noted'),
      );
      throw error;
    }
    await noteStarted(paths);
    await rm(paths.startFailure, { force: true });
  });
}

/** How long a runtime that has failed, or was given up, has to tell how far it came. It takes a fraction of a second. */
const afterFailureLimitMs = 1_000;

/** Of two starts at once one fails, and the container has been started all the same. */
async function noteFailure(context: Context, paths: ContainerPaths, error: unknown): Promise<void> {
  const limits = { timeLimitMs: afterFailureLimitMs };
  const status = await askRuntimeAlone(context, paths.id, limits).catch(() => undefined);
  if (status === 'running' || status === 'paused') return noteStarted(paths);
  if (status === 'created') await rm(paths.starting, { force: true });
  if (error instanceof RuntimeError) await writeWhole(paths.startFailure, error.words || error.message);
}

function requireMonitor(
  id: string,
  { paths, created }: Pick<Required<Container>, 'paths' | 'created'>,
): void {
  // In this order: a monitor that ends after the look has written its exit file by then.
  if (!created || (created.monitor && isRunning(created.monitor)) || readExitFile(paths)) return;
  throw new StateError(`the monitor of container ${id} is gone: delete it and create it anew`);
}
