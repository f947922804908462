// What the launcher (src/launcher/launcher.c) hands to the monitor, and the caller's arguments and environment as
// they were before.

import { FatalError } from '../sys/errors.ts';
import { readFile } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { startsWith } from './variables.ts';

export interface Handoff {
  /** The caller's arguments, each with its NUL, without the program's name. */
  readonly argv: Uint8Array;
  /** The caller's environment, each variable with its NUL. */
  readonly environ: Uint8Array;
  /** Where the launcher waits for one byte, or -1 where nobody waits (`--sync`, or no launcher). */
  readonly verdictFd: number;
  /** The fds from 3 up that the caller left open. */
  readonly inheritedFds: readonly number[];
}

/** Larger than the kernel lets both together be (MAX_ARG_STRINGS is beyond any stack limit in use). */
const procFileBytesMax = 8 * 1024 * 1024;
const procFileBytesFirst = 64 * 1024;
const handoffName = '_CONMON_HANDOFF=';
const keptPrefix = '_CONMON_KEPT_';
const enginePrefix = 'BUN_';

/** Reads it all from /proc/self. `skip` is the number of arguments that are the engine's: its name, switches and
 * the script. */
export function readHandoff(sys: Sys, skip: number): Handoff {
  const argv = readProcFile(sys, '/proc/self/cmdline');
  const { environ, handoff } = restoreEnviron(readProcFile(sys, '/proc/self/environ'));
  const [verdictFd = -1, ...inheritedFds] = handoff === undefined ? [] : handoff.split(',').map(Number);
  let start = 0;
  for (let i = 0; i < skip; i++) start = argv.indexOf(0, start) + 1;
  return { argv: argv.subarray(start), environ, verdictFd, inheritedFds };
}

/** Takes out what the launcher put in, and gives its own name back to what the launcher renamed. Pure. */
export function restoreEnviron(environ: Uint8Array): { environ: Uint8Array; handoff: string | undefined } {
  const restored = new Uint8Array(environ.length);
  let length = 0;
  let handoff: string | undefined;
  for (let start = 0; start < environ.length; ) {
    const nul = environ.indexOf(0, start);
    const end = nul < 0 ? environ.length : nul + 1;
    if (startsWith(environ, start, handoffName)) {
      handoff = new TextDecoder().decode(environ.subarray(start + handoffName.length, end - 1));
    } else if (!startsWith(environ, start, enginePrefix)) {
      const from = startsWith(environ, start, keptPrefix) ? start + keptPrefix.length : start;
      restored.set(environ.subarray(from, end), length);
      length += end - from;
    }
    start = end;
  }
  // Without a launcher nothing was renamed, and the engine's own variables are the caller's.
  return handoff === undefined ? { environ, handoff } : { environ: restored.subarray(0, length), handoff };
}

function readProcFile(sys: Sys, path: string): Uint8Array {
  for (let bytesMax = procFileBytesFirst; ; bytesMax = procFileBytesMax) {
    const bytes = readFile(sys, path, bytesMax);
    if (typeof bytes === 'number')
      throw new FatalError(`Failed to read ${path}`, { errno: bytes, syscall: 'read', path });
    if (bytes.length < bytesMax || bytesMax === procFileBytesMax) return bytes;
  }
}
