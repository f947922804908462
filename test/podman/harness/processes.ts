// What /proc says about processes, for the questions this suite has: which conmons live, and what became zombies.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** One letter, as in proc(5): R, S, D, Z, T, … */
  readonly state: string;
  readonly comm: string;
  /** Where /proc/PID/exe points; empty for a zombie, and where we may not look. */
  readonly exe: string;
  readonly argv: readonly string[];
}

/** Every process there is, without those that ended while we looked. */
export function listProcesses(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => readProcess(Number(name)))
    .filter(facts => facts !== undefined);
}

/** One process, or undefined if there is none of that pid. */
export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in parentheses, and may hold spaces and parentheses itself.
    const afterName = stat.lastIndexOf(')');
    const [state, parent] = stat.slice(afterName + 2).split(' ');
    return {
      pid,
      parent: Number(parent),
      state: state!,
      comm: stat.slice(stat.indexOf('(') + 1, afterName),
      exe: readExe(pid),
      argv: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1),
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function readExe(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}
