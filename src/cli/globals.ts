// The options of every subcommand, as they are used.

import { resolve } from 'node:path';
import type { GlobalArguments } from './global-options.ts';
import type { LogFormat } from './logger.ts';
import { UsageError } from './usage-error.ts';

export interface Globals {
  /** Absolute. */
  readonly root: string;
  readonly runtime: string | undefined;
  readonly runtimeArgs: readonly string[] | undefined;
  readonly conmon: string | undefined;
  readonly logLevel: string;
  readonly logFormat: LogFormat;
}

export function readGlobals(args: Readonly<Record<string, unknown>>): Globals {
  const given = args as Partial<GlobalArguments>;
  return {
    root: resolve(given.root ?? defaultRoot(process.env, process.getuid?.() ?? 0)),
    runtime: given.runtime,
    runtimeArgs: given['runtime-arg'],
    conmon: given.conmon,
    logLevel: given['log-level'] ?? 'warn',
    logFormat: given['log-format'] === 'json' ? 'json' : 'pretty',
  };
}

/** The library's own default, with words for a command line. */
function defaultRoot(environment: NodeJS.ProcessEnv, uid: number): string {
  if (uid === 0) return '/run/conmon-ts';
  const directory = environment['XDG_RUNTIME_DIR'];
  if (directory) return `${directory}/conmon-ts`;
  throw new UsageError('XDG_RUNTIME_DIR is not set: give --root a directory of your own');
}
