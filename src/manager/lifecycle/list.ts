// All containers of a directory of state.

import { documentError } from '../call.ts';
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import { listNames } from '../files.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { prune } from '../state/prune.ts';
import type { CallOptions, ContainerState } from '../types.ts';
import { composeUnknown, readState } from './read-state.ts';

/** Each state starts a runtime: more than the machine has processors for only take memory. */
const statesAtOnce = 8;

/** States of all containers, sorted by ID. One whose creator died is taken over, or undone, on the way. One that can't be
 * understood, or for which the runtime does not answer, is `unknown` and says why. */
export async function listContainers(context: Context, limits: CallOptions): Promise<ContainerState[]> {
  limits.signal?.throwIfAborted();
  const names = listNames(context.layout.containers)
    .filter(name => !name.startsWith('.'))
    .sort();
  const states = await mapConcurrently(names, statesAtOnce, name => readEntry(context, name, limits));
  // What can't be thrown away now is no reason not to tell what there is.
  await prune(context).catch(error => context.logger.warn({ err: error }, 'the rest was not thrown away'));
  return states.filter(state => state !== undefined);
}

async function readEntry(
  context: Context,
  id: string,
  limits: CallOptions,
): Promise<ContainerState | undefined> {
  try {
    const state = await readState(context, id, limits);
    return state.bundle === undefined ? undefined : state; // deleted meanwhile
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    limits.signal?.throwIfAborted();
    return composeUnknown(id, documentError(error, undefined));
  }
}
