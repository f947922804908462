// From an ID to the container that has it now, with what is written down about it.

import type { Context } from '../context.ts';
import { NotFoundError, RecordError, StateError } from '../errors.ts';
import { recoverCreation } from '../lifecycle/recover.ts';
import type { ContainerOptions } from '../types.ts';
import { type Container, readContainer } from './container.ts';
import { findStoredIncarnation, readStoredExit, type StoredExit } from './exit-codes.ts';
import { hasId, readIncarnation } from './incarnation.ts';
import { layOutContainer, requireId, requireIncarnation } from './layout.ts';
import { isAbandoned } from './phase.ts';
import type { CreatedRecord } from './records.ts';

/** The container that has the ID, and is the incarnation that was asked for. One whose creator died is taken over, or
 * undone, on the way. Throws {@link RecordError} where its records can't be understood. */
export async function findContainer(
  context: Context,
  id: string,
  { incarnation }: ContainerOptions,
): Promise<Container | undefined> {
  requireId(id);
  for (;;) {
    const paths = readIncarnation(context.layout, id);
    if (paths === undefined || (incarnation !== undefined && incarnation !== paths.incarnation))
      return undefined;
    const container = readContainer(paths);
    if (container === undefined) {
      if (!hasId(context.layout, paths)) continue; // deleted meanwhile
      throw new RecordError(`container ${id}: ${paths.dir} is not whole`);
    }
    if (!isBrokenCreation(container) || !(await recoverCreation(context, container))) return container;
  }
}

/** The same where nothing less will do: a container that is created, and not about to be deleted. Throws
 * {@link NotFoundError} and {@link StateError} too. */
export async function requireContainer(
  context: Context,
  id: string,
  options: ContainerOptions,
): Promise<Container & { readonly created: CreatedRecord }> {
  const container = await findContainer(context, id, options);
  if (container === undefined) throw new NotFoundError(id, options.incarnation);
  const { phase, created } = container;
  if (phase.name === 'creating' || created === undefined)
    throw new StateError(`container ${id} is being created`);
  return { ...container, created };
}

/** What the store has of the ID, or of one of its incarnations. */
export function findStored(
  context: Context,
  id: string,
  { incarnation }: ContainerOptions,
): { readonly incarnation: string; readonly exit: StoredExit } | undefined {
  const { layout } = context;
  const paths =
    incarnation === undefined
      ? findStoredIncarnation(layout, id)
      : layOutContainer(layout, id, requireIncarnation(incarnation));
  const exit = paths && readStoredExit(paths);
  return exit && { incarnation: paths.incarnation, exit };
}

/** True for a creation, or the undoing of one, that nobody is at any more. */
function isBrokenCreation({ phase, created }: Container): boolean {
  return isAbandoned(phase) && (phase.name === 'creating' || (phase.name === 'deleting' && !created));
}
