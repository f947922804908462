// Completing the IDs of containers.

import { catalogue, findCommand } from './catalogue.ts';

/** Returns what `current` may become: what yargs knows, and for a subcommand that takes IDs those there are. */
export async function completeIds(
  current: string,
  args: Readonly<Record<string, unknown>>,
  completeOwn: (onCompleted?: (error: Error | null, found: string[] | undefined) => void) => unknown,
  done: (found: string[]) => void,
): Promise<void> {
  const own = await new Promise<string[]>(resolve => {
    completeOwn((_error, found) => resolve(found ?? []));
  });
  const words = Array.isArray(args['_']) ? args['_'].map(String) : [];
  const name = words.map(findCommand).find(found => found !== undefined);
  const wantsId = name !== undefined && catalogue[name]!.takesId && !current.startsWith('-');
  done(wantsId ? [...own, ...(await listIds(args))] : own);
}

/** A shell that completes has no place for errors. */
async function listIds(args: Readonly<Record<string, unknown>>): Promise<string[]> {
  try {
    const { Cli } = await import('./cli.ts');
    const { readGlobals } = await import('./globals.ts');
    const runtime = await new Cli(
      'completion',
      readGlobals({ ...args, 'log-level': 'silent' }),
    ).openRuntime();
    return (await runtime.list()).map(({ id }) => id);
  } catch {
    return [];
  }
}
