// What the launcher (src/launcher/launcher.c) hands to the monitor, and the caller's arguments and environment.

import { parseSigned, split } from '../sys/bytes.ts';
import { endWithNul, findVariable } from '../sys/environ.ts';
import { FatalError } from '../sys/errors.ts';
import { readAll, readFile } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes, utf8Text } from '../sys/text.ts';

export interface Handoff {
  /** The caller's arguments, each with its NUL, without the program's name. */
  readonly argv: Uint8Array;
  /** The caller's environment, as for {@link SpawnPlan}. */
  readonly environ: Uint8Array;
  /** A socket: the launcher waits for a byte on it, answers with one, and ends; -1 where nobody waits (`--sync`, or no
   * launcher). */
  readonly verdictFd: number;
  /** The caller's soft RLIMIT_NOFILE, -1 for none; undefined where there was no launcher to see it. */
  readonly openFilesMax: number | undefined;
  /** The fds from 3 up that the caller left open. */
  readonly inheritedFds: readonly number[];
}

/**
 * Reads it all. `skip` is the number of arguments that are the engine's: its name, switches and the script. `given`
 * is what the launcher says where it is part of the same executable: `VERDICT_FD,OPEN_FILES_MAX[,FD]…`.
 *
 * Under Node.js the launcher keeps the caller's environment away from the engine: it lies in a file, and of the
 * engine's own one variable is `_CONMON_HANDOFF=ENVIRON_FD;VERDICT_FD,OPEN_FILES_MAX[,FD]…`. Where there is no such
 * variable there was no launcher.
 */
export function readHandoff(sys: Sys, skip: number, given?: string): Handoff {
  const argv = skipArguments(readProcFile(sys, '/proc/self/cmdline'), skip);
  const environ = endWithNul(readProcFile(sys, '/proc/self/environ'));
  if (given !== undefined) return { argv, environ, ...readNumbers(utf8Bytes(given)) };
  const handoff = findVariable(environ, handoffName);
  if (handoff === undefined) {
    return { argv, environ, verdictFd: -1, openFilesMax: undefined, inheritedFds: [] };
  }
  const fdEnd = handoff.indexOf(semicolon);
  const numbers = readNumbers(handoff.subarray(fdEnd + 1));
  return { argv, environ: readEnviron(sys, readNumber(handoff.subarray(0, fdEnd))), ...numbers };
}

/** The size of the first read, which is enough for most callers. */
const procFileBytesFirst = 16 * 1024;
/** The size of the second: more than the kernel lets arguments and environment be (MAX_ARG_STRLEN, the stack's limit). */
const procFileBytesMax = 8 * 1024 * 1024;
const handoffName = '_CONMON_HANDOFF';
const comma = 0x2c;
const semicolon = 0x3b;

function skipArguments(cmdline: Uint8Array, count: number): Uint8Array {
  let start = 0;
  for (let i = 0; i < count; i++) start = cmdline.indexOf(0, start) + 1;
  return cmdline.subarray(start);
}

function readNumbers(list: Uint8Array): Pick<Handoff, 'verdictFd' | 'openFilesMax' | 'inheritedFds'> {
  const [verdictFd = -1, openFilesMax, ...inheritedFds] = split(list, comma).map(readNumber);
  return { verdictFd, openFilesMax, inheritedFds };
}

function readNumber(bytes: Uint8Array): number {
  const number = parseSigned(bytes);
  if (number === undefined) throw new Error(`the launcher handed over no number: ${utf8Text(bytes)}`);
  return number;
}

function readProcFile(sys: Sys, path: string): Uint8Array {
  for (let bytesMax = procFileBytesFirst; ; bytesMax = procFileBytesMax) {
    const bytes = readFile(sys, path, bytesMax);
    if (typeof bytes === 'number')
      throw new FatalError(`Failed to read ${path}`, { errno: bytes, syscall: 'read', path });
    if (bytes.length < bytesMax || bytesMax === procFileBytesMax) return bytes;
  }
}

function readEnviron(sys: Sys, fd: number): Uint8Array {
  const bytes = readAll(sys, fd, procFileBytesMax);
  sys.close(fd);
  if (typeof bytes === 'number')
    throw new FatalError(`Failed to read the environment from fd ${fd}`, { errno: bytes, syscall: 'read' });
  return endWithNul(bytes.slice()); // no more memory than it takes
}
