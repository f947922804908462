// Calls of the runtime know a container only by its ID. Each says so in the directory of the incarnation that it means,
// and whoever deletes that one waits for them before he gives the ID away: so none of them meets the next container of
// that ID.

import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { NotFoundError, StateError, TimeLimitError } from '../errors.ts';
import { isMissing } from '../files.ts';
import { endRuntimeCommands } from '../oci/runtime-processes.ts';
import { isRunning } from '../processes/processes.ts';
import type { ContainerPaths } from './layout.ts';
import { formatIdentity, ownIdentity, parseIdentity, readPhase } from './phase.ts';

/** Does what calls the runtime by ID. Rejects with {@link NotFoundError} or {@link StateError} where the container has
 * been deleted, or is about to be, and else as `work`. */
export async function useContainer<T>(paths: ContainerPaths, work: () => Promise<T>): Promise<T> {
  // Random: two copies of this library, or Workers, are one process.
  const file = join(paths.uses, `${randomBytes(8).toString('hex')}.${formatIdentity(ownIdentity())}`);
  try {
    await writeFile(file, '', { mode: 0o600 });
  } catch (error) {
    throw isMissing(error) ? new NotFoundError(paths.id) : error;
  }
  try {
    // After that: who deletes says so first, and then looks for us.
    const phase = readPhase(paths);
    if (phase === undefined) throw new NotFoundError(paths.id);
    if (phase.name === 'deleting') throw new StateError(`container ${paths.id} is being deleted`);
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** How long the calls of others may go on once the runtime has forgotten the container. They fail at once then, unless
 * the runtime hangs. */
const usesLimitMs = 5_000;

/** How long they may go on after they have been killed. */
const killedLimitMs = 10_000;

const lookAgainMs = 10;

/** Waits until no call of the runtime is under way for a container that is being deleted. Those of processes that have
 * died, and those that take too long, are killed. Rejects with {@link TimeLimitError}. */
export async function endUses(context: Context, paths: ContainerPaths): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const uses = listUses(paths);
    if (uses.length === 0) return;
    if (waitedMs > usesLimitMs + killedLimitMs)
      throw new TimeLimitError(`the runtime's work for container ${paths.id}`, waitedMs);
    const abandoned = uses.filter(({ user }) => user === undefined || !isRunning(user));
    if (abandoned.length > 0 || waitedMs > usesLimitMs) await endRuntimeCommands(context.runtime, paths.id);
    for (const { file } of abandoned) await rm(file, { recursive: true, force: true });
    await sleep(lookAgainMs);
  }
}

function listUses(paths: ContainerPaths) {
  try {
    return readdirSync(paths.uses).map(name => ({
      file: join(paths.uses, name),
      user: parseIdentity(name.slice(name.indexOf('.') + 1)),
    }));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
