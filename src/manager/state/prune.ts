// Throwing away what nobody needs any more: what a process that died had half made or half removed, and old exit codes.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { listNames, removeTree } from '../files.ts';
import { beginRemoval } from '../lifecycle/removal.ts';
import { isRunning } from '../processes/processes.ts';
import { pruneExits } from './exit-codes.ts';
import { hasId } from './incarnation.ts';
import { layOutContainer, parseIncarnation } from './layout.ts';
import { isAbandoned, parseIdentity, readPhase } from './phase.ts';

/** Prunes a directory of state. */
export async function prune(context: Context): Promise<void> {
  const { layout } = context;
  for (const directory of [layout.containers, layout.incarnations])
    for (const name of listNames(directory))
      if (isLeft(name)) await rm(join(directory, name), { recursive: true, force: true });
  for (const name of listNames(layout.incarnations)) await pruneIncarnation(context, name);
  await pruneExits(layout);
}

/** True for what has lost its name already, and for the draft of a process that has ended. */
function isLeft(name: string): boolean {
  if (name.startsWith('.old.')) return true;
  if (!name.startsWith('.draft.')) return false;
  const maker = parseIdentity(name.split('.').slice(2, -1).join('.'));
  return maker === undefined || !isRunning(maker);
}

/** Removes a directory whose owner died after he had given its ID back, or before he had taken it. */
async function pruneIncarnation(context: Context, name: string): Promise<void> {
  const parts = parseIncarnation(name);
  if (parts === undefined) return;
  const paths = layOutContainer(context.layout, parts.id, parts.incarnation);
  const phase = readPhase(paths);
  if (phase === undefined || phase.name === 'created' || !isAbandoned(phase)) return;
  if (isLinked(context, paths) || !(await beginRemoval(context, paths, phase))) return;
  await removeTree(paths.dir);
}

function isLinked(context: Context, paths: Parameters<typeof hasId>[1]): boolean {
  try {
    return hasId(context.layout, paths);
  } catch {
    return false; // what has the ID is none of ours
  }
}
