// All containers of a directory of state, and what can be thrown away there.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { NotFoundError } from './errors.ts';
import { pruneExits } from './exit-codes.ts';
import { isMissing } from './files.ts';
import { readState } from './state.ts';
import type { CallOptions, ContainerState } from './types.ts';

/** What a process that died left half made is removed after this: nothing takes that long to make. */
const draftKeptMs = 60 * 60 * 1000;

/** States of all containers, sorted by ID. One whose creator died is taken over, or undone, on the way. */
export async function listContainers(context: Context, limits: CallOptions): Promise<ContainerState[]> {
  const { containers } = context.layout;
  const names = await readNames(containers);
  const ids = names.filter(name => !name.startsWith('.')).sort();
  const states = await Promise.all(ids.map(id => readStateIfThere(context, id, limits)));
  await pruneDrafts(
    containers,
    names.filter(name => name.startsWith('.')),
  );
  await mkdir(context.layout.codes, { recursive: true, mode: 0o700 });
  await pruneExits(context.layout);
  return states.filter(state => state !== undefined);
}

async function readStateIfThere(
  context: Context,
  id: string,
  limits: CallOptions,
): Promise<ContainerState | undefined> {
  try {
    const state = await readState(context, id, limits);
    return state.bundle === undefined ? undefined : state; // deleted meanwhile
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function pruneDrafts(directory: string, names: readonly string[]): Promise<void> {
  for (const path of names.map(name => join(directory, name))) {
    const made = await stat(path).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > draftKeptMs) await rm(path, { recursive: true, force: true });
  }
}

async function readNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
