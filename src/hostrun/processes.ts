// What /proc tells about processes. A pid alone is not an identity: with the time at which it started it is.

import { readdirSync, readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot, as text. */
  readonly startTime: string;
}

export interface ProcessStat extends ProcessIdentity {
  /** One letter; `Z` and `X` are dead. */
  readonly state: string;
  readonly session: number;
}

/** Reads the fields that matter here from a line of /proc/PID/stat. The command's name, in brackets, may hold
 * anything, brackets and spaces too; so fields are counted from the last bracket. */
export function parseStat(line: string): ProcessStat | undefined {
  const afterName = line.lastIndexOf(') ');
  const fields = line.slice(afterName + 2).split(' ');
  const pid = Number.parseInt(line, 10);
  const [state, session, startTime] = [fields[0], Number(fields[3]), fields[19]];
  if (afterName < 0 || !Number.isInteger(pid) || !state || !Number.isInteger(session) || !startTime)
    return undefined;
  return { pid, state, session, startTime };
}

/** Undefined when there is no such process. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** True while it runs; a zombie does not. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/** The living processes of the sessions that `leaders` started, the leaders included. A session keeps its number
 * reserved while a member lives, so a number that belongs to a younger leader says that the session is gone. */
export function listSessionMembers(leaders: readonly ProcessIdentity[]): number[] {
  const sessions = new Set<number>();
  for (const { pid, startTime } of leaders) {
    const leader = readStat(pid);
    if (leader === undefined || leader.startTime === startTime) sessions.add(pid);
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readStat(Number(name)) ?? [])
    .filter(stat => sessions.has(stat.session) && stat.state !== 'Z' && stat.state !== 'X')
    .map(stat => stat.pid);
}
