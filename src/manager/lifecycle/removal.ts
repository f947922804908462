// What undoing a creation and deleting a container have in common: one process takes it upon itself, and in the end
// neither the runtime nor this library knows the container, and the ID is free.

import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { RuntimeError } from '../errors.ts';
import { isMissing, removeTree } from '../files.ts';
import { endRuntimeCommands } from '../oci/runtime-processes.ts';
import { callRuntime } from '../oci/runtime-status.ts';
import { saysNoSuchContainer } from '../oci/runtime-words.ts';
import { hasId } from '../state/incarnation.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { movePhase, ownPhase, type Phase } from '../state/phase.ts';

/** Makes the removal of an incarnation the business of this call; false where it is somebody else's by now. Whatever
 * the runtime still does for an owner who died is ended: it may not meet the next container of that ID. */
export async function beginRemoval(context: Context, paths: ContainerPaths, phase: Phase): Promise<boolean> {
  if (!(await movePhase(paths, phase, ownPhase('deleting')))) return false;
  if (phase.owner !== undefined) await endRuntimeCommands(context.runtime, paths.id);
  return true;
}

/** Leaves a removal that failed to whoever comes next. */
export async function abandonRemoval(paths: ContainerPaths): Promise<void> {
  await movePhase(paths, ownPhase('deleting'), { name: 'deleting', owner: undefined });
}

/** Deletes by force; that it is not there is a success. */
export async function deleteFromRuntime(context: Context, id: string): Promise<void> {
  const answer = await callRuntime(context.runtime, `deleting container ${id}`, ['delete', '--force', id]);
  if (typeof answer === 'string') return;
  if (!(answer instanceof RuntimeError && saysNoSuchContainer(answer.words))) throw answer;
}

/** Removes what monitors leave in a bundle. */
export async function removeTraces(bundle: string): Promise<void> {
  for (const name of ['attach', 'ctl', 'winsz', 'oom']) await rm(join(bundle, name), { force: true });
}

/** Removes the directory of an incarnation, and gives its ID back. */
export async function release(context: Context, paths: ContainerPaths): Promise<void> {
  if (hasId(context.layout, paths)) await unlink(paths.link).catch(ignoreMissing);
  await removeTree(paths.dir);
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
