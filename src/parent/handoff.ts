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
/** By which the launcher changes the first byte of a variable that would act on the engine. */
const hiddenBit = 0x80;

/** Reads it all from /proc/self. `skip` is the number of arguments that are the engine's: its name, switches and
 * the script. */
export function readHandoff(sys: Sys, skip: number): Handoff {
  const argv = readProcFile(sys, '/proc/self/cmdline');
  let start = 0;
  for (let i = 0; i < skip; i++) start = argv.indexOf(0, start) + 1;
  const { variables, numbers } = restoreVariables(splitVariables(readProcFile(sys, '/proc/self/environ')));
  const [verdictFd = -1, openFilesMax, ...inheritedFds] = numbers;
  return { argv: argv.subarray(start), variables, verdictFd, openFilesMax, inheritedFds };
}

/** The caller's variables, without what the launcher put behind them, and the numbers that it handed over; none where
 * there was no launcher. Pure. */
export function restoreVariables(variables: readonly string[]): {
  variables: readonly string[];
  numbers: readonly number[];
} {
  const at = variables.findIndex(variable => variable.startsWith(handoffName));
  if (at < 0) return { variables, numbers: [] };
  const [numbers = '', hidden = ''] = variables[at]!.slice(handoffName.length).split(';');
  const callers = variables.slice(0, at);
  for (const index of parseNumbers(hidden)) callers[index] = changeFirstByte(callers[index]!);
  return { variables: callers, numbers: parseNumbers(numbers) };
}

function parseNumbers(list: string): number[] {
  return list === '' ? [] : list.split(',').map(Number);
}

function changeFirstByte(variable: string): string {
  return String.fromCharCode(variable.charCodeAt(0) ^ hiddenBit) + variable.slice(1);
}

function readProcFile(sys: Sys, path: string): Uint8Array {
  for (let bytesMax = procFileBytesFirst; ; bytesMax = procFileBytesMax) {
    const bytes = readFile(sys, path, bytesMax);
    if (typeof bytes === 'number')
      throw new FatalError(`Failed to read ${path}`, { errno: bytes, syscall: 'read', path });
    if (bytes.length < bytesMax || bytesMax === procFileBytesMax) return bytes;
  }
}
