// What the parts of the library share.

import type { Coalescer } from './coalesce.ts';
import type { DirectoryWatch } from './directory-watch.ts';
import type { Environment } from './environment.ts';
import { type ContainerPaths, type Layout, layOutContainer } from './layout.ts';
import type { Logger } from './logger.ts';
import type { RuntimeCommand } from './runtime-command.ts';
import type { Placement } from './types.ts';

/** One {@link Runtime}'s settings and what it keeps between calls. */
export interface Context {
  readonly layout: Layout;
  readonly runtime: RuntimeCommand;
  /** Path of the monitor. */
  readonly conmon: string;
  /** Of monitors and runtimes. */
  readonly environment: Environment;
  readonly placement: Placement | undefined;
  readonly logger: Logger;
  /** The one watch on the directory of exit files. */
  readonly exits: DirectoryWatch;
  /** Questions to the runtime for a container's state, by ID. */
  readonly states: Coalescer<string>;
  /** Creations that were given up and are still being undone, by ID. Never rejects. */
  readonly undoing: Map<string, Promise<void>>;
  /** Deletions under way, by ID. */
  readonly deletions: Map<string, Promise<void>>;
}

/** Paths of one container of this context. */
export function pathsOf(context: Context, id: string): ContainerPaths {
  return layOutContainer(context.layout, id);
}
