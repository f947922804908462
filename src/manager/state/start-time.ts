// When a container was started. Its program may end before the runtime has said that it was started, so the time is
// written down before that, under a name that says no more than that; the name changes when it is done.

import { rename } from 'node:fs/promises';
import { isMissing, timeIfThere, writeWhole } from '../files.ts';
import type { ContainerPaths } from './layout.ts';

/** `undefined` for one that nobody has tried to start. */
export function readStartTime(paths: ContainerPaths): Date | undefined {
  return timeIfThere(paths.started) ?? timeIfThere(paths.starting);
}

/** Notes the time of a start that is about to be tried, unless one was before. */
export async function noteStarting(paths: ContainerPaths): Promise<void> {
  if (readStartTime(paths) === undefined) await writeWhole(paths.starting, '');
}

/** Notes that it is done. */
export async function noteStarted(paths: ContainerPaths): Promise<void> {
  try {
    await rename(paths.starting, paths.started);
  } catch (error) {
    if (!isMissing(error)) throw error; // of two starts at once the other one has
  }
}
