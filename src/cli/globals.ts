// The options of every subcommand, as they are used.

import { resolve } from 'node:path';
import { defaultRoot } from '../manager/default-root.ts';
import type { GlobalArguments } from './global-options.ts';
import type { LogFormat } from './logger.ts';
import { UsageError } from './usage-error.ts';
import { expandEnv } from './values.ts';

export interface Globals {
  /** Absolute. */
  readonly root: string;
  readonly runtime: string | undefined;
  readonly runtimeArgs: readonly string[] | undefined;
  readonly conmon: string | undefined;
  /** `NAME=value`. */
  readonly conmonEnv: readonly string[];
  readonly logLevel: string;
  readonly logFormat: LogFormat;
}

export function readGlobals(args: Readonly<Record<string, unknown>>): Globals {
  const given = args as Partial<GlobalArguments>;
  return {
    root: resolveRoot(given.root ?? findDefaultRoot()),
    runtime: given.runtime,
    runtimeArgs: given['runtime-arg'],
    conmon: given.conmon,
    conmonEnv: expandEnv(given['conmon-env'] ?? [], process.env, '--conmon-env'),
    logLevel: given['log-level'] ?? 'warn',
    logFormat: given['log-format'] === 'json' ? 'json' : 'pretty',
  };
}

/** The library's own default, with words for a command line. */
function findDefaultRoot(): string {
  try {
    return defaultRoot(process.env, process.getuid?.() ?? 0);
  } catch (cause) {
    throw new UsageError('XDG_RUNTIME_DIR is not set: give --root a directory of your own', { cause });
  }
}

/** A path of the command line, or of the default. */
function resolveRoot(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    throw new UsageError(`--root: ${path} is relative, and the working directory is gone`, { cause });
  }
}
