// Taking back what placements made for monitors, once these have nothing more to do. Nothing of it is worth failing for.

import type { Context } from '../context.ts';
import { findByArgument, isRunning, listDescendants, type ProcessIdentity } from '../processes/processes.ts';
import type { ConfigRecord } from '../state/records.ts';
import { removeCgroups } from './cgroup-removal.ts';

type Placed = Pick<ConfigRecord, 'id' | 'monitorCgroups'>;

/** Removes what was made for a container that is gone. `monitor` may still run: its exit command may be what deletes the
 * container, and is in the cgroup itself. */
export async function removePlacement(
  context: Context,
  placed: Placed,
  monitor: ProcessIdentity | null,
): Promise<void> {
  const leaving = () => (monitor && isRunning(monitor) ? [monitor.pid, ...listDescendants(monitor.pid)] : []);
  await attempt(context, placed.id, () => removeCgroups(placed.monitorCgroups, leaving));
  // Of commands whose caller was killed.
  await attempt(context, placed.id, () => removeCgroups(listOthers(context, placed), () => []));
  await attempt(context, placed.id, async () => context.placement?.remove?.(placed.id));
}

/** Removes what was made for the monitor of a command alone. It has nothing more to do, and may not have ended. */
export async function removeExecPlacement(
  context: Context,
  placed: Placed,
  directory: string,
): Promise<void> {
  await attempt(context, placed.id, () =>
    removeCgroups(listOthers(context, placed), () => findByArgument(directory)),
  );
}

/** Monitors of commands go where this Runtime places monitors, wherever the container's is. */
function listOthers({ placement }: Context, { id, monitorCgroups }: Placed): readonly string[] {
  const own = placement?.cgroupsOf?.(id) ?? [];
  return own.some(path => monitorCgroups.includes(path)) ? [] : own;
}

async function attempt({ logger }: Context, id: string, removal: () => Promise<void>): Promise<void> {
  try {
    await removal();
  } catch (error) {
    logger.warn({ id, err: error }, 'what was made to place a monitor could not be removed');
  }
}
