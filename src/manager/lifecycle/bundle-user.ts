// Whose monitor has its sockets in a bundle: a second one would put its own in their place.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RecordError } from '../errors.ts';
import { listNames } from '../files.ts';
import { isRunning } from '../processes/processes.ts';
import { readContainer } from '../state/container.ts';
import { readIncarnation } from '../state/incarnation.ts';
import type { Layout } from '../state/layout.ts';

/** ID of the container of this root whose monitor works in `bundle`; `undefined` where there is none. */
export function findBundleUser(layout: Layout, bundle: string): string | undefined {
  // Every monitor makes it. So a bundle that is not in use costs no search.
  if (!existsSync(join(bundle, 'ctl'))) return undefined;
  return listNames(layout.containers).find(id => isUser(layout, id, bundle));
}

function isUser(layout: Layout, id: string, bundle: string): boolean {
  try {
    const paths = readIncarnation(layout, id);
    const container = paths && readContainer(paths);
    const monitor = container?.created?.monitor;
    return (
      container?.config.bundle === bundle && monitor !== undefined && monitor !== null && isRunning(monitor)
    );
  } catch (error) {
    if (error instanceof RecordError) return false;
    throw error;
  }
}
