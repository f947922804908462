// Starting a created container.

import { rm } from 'node:fs/promises';
import { type Context, pathsOf } from './context.ts';
import { NotFoundError } from './errors.ts';
import { timeIfThere, writeWhole } from './files.ts';
import { readConfig } from './records.ts';
import type { CallOptions } from './types.ts';

/** Starts a container, and notes when: before the program can end. */
export async function startContainer(context: Context, id: string, options: CallOptions): Promise<void> {
  const paths = pathsOf(context, id);
  if (!readConfig(paths)) throw new NotFoundError(id);
  const first = timeIfThere(paths.started) === undefined;
  if (first) await writeWhole(paths.started, '');
  try {
    await context.runtime.run(`starting container ${id}`, ['start', id], options);
  } catch (error) {
    if (first) await rm(paths.started, { force: true });
    throw error;
  }
}
