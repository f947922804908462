// What the launcher (src/launcher/launcher.c) hands to the monitor, and the caller's arguments and environment as
// they were before.

import { FatalError } from '../sys/errors.ts';
import { readFile } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { splitVariables } from './variables.ts';

export interface Handoff {
  /** The caller's arguments, each with its NUL, without the program's name. */
  readonly argv: Uint8Array;
  /** The caller's environment, in order: `NAME=value`, a character for each byte. */
  readonly variables: readonly string[];
  /** Where the launcher waits for one byte, or -1 where nobody waits (`--sync`, or no launcher). */
  readonly verdictFd: number;
  /** The caller's soft RLIMIT_NOFILE, -1 for none; undefined where there was no launcher to see it. */
  readonly openFilesMax: number | undefined;
  /** The fds from 3 up that the caller left open. */
  readonly inheritedFds: readonly number[];
}

/** Enough for most callers; the rest is read in a second try … */
const procFileBytesFirst = 16 * 1024;
/** … with more than the kernel lets arguments and environment be (MAX_ARG_STRLEN and the stack's limit). */
const procFileBytesMax = 8 * 1024 * 1024;
const handoffName = '_CONMON_HANDOFF=';
const keptPrefix = '_CONMON_KEPT_';
/** What is left of this beginning is the launcher's own, for the engine: the caller's were renamed. */
const engineSettingPrefix = 'BUN_';

/** Reads it all from /proc/self. `skip` is the number of arguments that are the engine's: its name, switches and
 * the script. */
export function readHandoff(sys: Sys, skip: number): Handoff {
  const argv = readProcFile(sys, '/proc/self/cmdline');
  let start = 0;
  for (let i = 0; i < skip; i++) start = argv.indexOf(0, start) + 1;
  const { variables, handoff } = restoreVariables(splitVariables(readProcFile(sys, '/proc/self/environ')));
  const numbers = handoff === undefined ? [] : handoff.split(',').map(Number);
  const [verdictFd = -1, openFilesMax, ...inheritedFds] = numbers;
  return { argv: argv.subarray(start), variables, verdictFd, openFilesMax, inheritedFds };
}

/** Takes out what the launcher put in, and gives their names back to those that it renamed. Pure. */
export function restoreVariables(variables: readonly string[]): {
  variables: readonly string[];
  handoff: string | undefined;
} {
  const handoff = variables.find(variable => variable.startsWith(handoffName));
  if (handoff === undefined) return { variables, handoff }; // no launcher: all of them are the caller's
  const callers = variables
    .filter(variable => variable !== handoff && !variable.startsWith(engineSettingPrefix))
    .map(variable => (variable.startsWith(keptPrefix) ? variable.slice(keptPrefix.length) : variable));
  return { variables: callers, handoff: handoff.slice(handoffName.length) };
}

function readProcFile(sys: Sys, path: string): Uint8Array {
  for (let bytesMax = procFileBytesFirst; ; bytesMax = procFileBytesMax) {
    const bytes = readFile(sys, path, bytesMax);
    if (typeof bytes === 'number')
      throw new FatalError(`Failed to read ${path}`, { errno: bytes, syscall: 'read', path });
    if (bytes.length < bytesMax || bytesMax === procFileBytesMax) return bytes;
  }
}
