// Starting a created container.

import { rm } from 'node:fs/promises';
import { type Context, pathsOf } from './context.ts';
import { NotFoundError, StateError } from './errors.ts';
import { readExitFile } from './exit-codes.ts';
import { timeIfThere, writeWhole } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import { isRunning } from './processes.ts';
import { readConfig, readCreated } from './records.ts';
import type { CallOptions } from './types.ts';

/** Starts a container, and notes when: before the program can end. Rejects with {@link StateError} where its monitor is
 * gone: nobody would see its output, nor its end. */
export async function startContainer(context: Context, id: string, options: CallOptions): Promise<void> {
  const paths = pathsOf(context, id);
  if (!readConfig(paths)) throw new NotFoundError(id);
  requireMonitor(id, paths);
  const first = timeIfThere(paths.started) === undefined;
  if (first) await writeWhole(paths.started, '');
  try {
    await context.runtime.run(`starting container ${id}`, ['start', id], options);
  } catch (error) {
    if (first) await rm(paths.started, { force: true });
    throw error;
  }
}

function requireMonitor(id: string, paths: ContainerPaths): void {
  const created = readCreated(paths);
  // In this order: a monitor that ends after the look has written its exit file by then.
  if (!created || (created.monitor && isRunning(created.monitor)) || readExitFile(paths)) return;
  throw new StateError(`the monitor of container ${id} is gone: delete it and create it anew`);
}
