// Having the runtime do one thing with a container.

import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { requireContainer } from '../state/find.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { useContainer } from '../state/uses.ts';
import type { ContainerOptions } from '../types.ts';

/** What the runtime is to do. */
export interface ContainerCommand {
  /** In words for a person, as in `pausing`. */
  readonly verb: string;
  /** The runtime's sub-command and its arguments, the ID among them. */
  readonly args: readonly string[];
  /** For its standard input. */
  readonly input?: string;
  /** Writes down that it is done, for other processes to see. */
  readonly note?: (paths: ContainerPaths) => Promise<void>;
}

/** Rejects as {@link requireContainer} and as the runtime's call. */
export async function commandContainer(
  context: Context,
  id: string,
  { verb, args, input, note }: ContainerCommand,
  options: ContainerOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  const { paths, config } = await requireContainer(context, id, options);
  const { runtime } = contextOf(context, config);
  await useContainer(paths, async () => {
    await runtime.run(`${verb} container ${id}`, args, options, input);
    await note?.(paths);
  });
}
