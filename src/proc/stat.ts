// What /proc tells about processes. A process ID alone names whoever has it now; with its start time it names one
// process since the boot.

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks between boot and the process's start: field 22 of /proc/PID/stat. */
  readonly startTicks: string;
  /** A process whose first thread has ended looks like a zombie, but runs as long as it has others. */
  readonly ended: boolean;
}

/** `undefined` where there is no such process. Throws Node's error where it can't be known: no fd is left (EMFILE,
 * ENFILE), or /proc hides the processes of others (EPERM). */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** Reads a line of /proc/PID/stat. The command in it may hold anything, parentheses and spaces too; so fields are
 * counted from the last parenthesis. A zombie counts as one thread. */
export function parseStat(text: string): ProcessStat | undefined {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
  const [state, parent, session, threads, startTicks] = [0, 1, 3, 17, 19].map(field => fields[field]);
  if (!Number.isInteger(pid) || !state || !parent || !session || !startTicks) return undefined;
  const ended = state === 'X' || (state === 'Z' && Number(threads) <= 1);
  return { pid, parent: Number(parent), session: Number(session), startTicks, ended };
}

/** IDs of all processes. */
export function listProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** What `read` says of each process, without those that are gone, or that this user may not look at. */
export function lookAtAll<Found>(read: (pid: number) => Found | undefined): Found[] {
  return listProcesses().flatMap(pid => {
    try {
      return read(pid) ?? [];
    } catch (error) {
      if (hidden.has(codeOf(error))) return [];
      throw error;
    }
  });
}

/** A file of a process, `undefined` where that is gone. Throws as {@link readStat}. */
export function readProc(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return readFileSync(path, encoding);
  } catch (error) {
    if (gone.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** A process that ends while its file is read gives ESRCH rather than ENOENT. */
const gone = new Set<unknown>(['ENOENT', 'ESRCH']);
const hidden = new Set<unknown>(['EPERM', 'EACCES']);

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
