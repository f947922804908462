// What the parts of the library share.

import type { Coalescer } from './coalesce.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './logger.ts';
import type { MonitorSettings } from './monitor/monitor-defaults.ts';
import type { RuntimeChooser } from './oci/oci-runtime.ts';
import type { RuntimeCommand } from './oci/runtime-command.ts';
import type { Layout } from './state/layout.ts';
import type { Placement } from './types.ts';

/** One {@link Runtime}'s settings and what it keeps between calls. */
export interface Context {
  readonly layout: Layout;
  /** The runtime of what is not about a container, or of the one container that is meant (./container-context.ts). */
  readonly runtime: RuntimeCommand;
  /** That of containers which are going to be created. */
  readonly runtimes: RuntimeChooser;
  /** Path of the monitor. */
  readonly conmon: string;
  /** Of monitors and runtimes. */
  readonly environment: Environment;
  readonly placement: Placement | undefined;
  readonly monitorDefaults: MonitorSettings;
  readonly logger: Logger;
  /** Questions to the runtime for a container's state, by ID. */
  readonly states: Coalescer<string>;
  /** What may go on when its caller has stopped waiting: deletions, and the undoing of creations that were given up. */
  readonly removals: Set<Promise<void>>;
}

/** Keeps a removal among those of its context until it is done. */
export function noteRemoval(context: Context, removal: Promise<void>): Promise<void> {
  const forget = () => context.removals.delete(removal);
  context.removals.add(removal);
  removal.then(forget, forget);
  return removal;
}
