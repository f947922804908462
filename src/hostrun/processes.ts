// Which process is meant, and which belong together: a session is what a process of a container started.

import { lookAtAll, readStat } from '../proc/stat.ts';

/** A process, told apart from a later one with the same pid. Containers do not outlive a boot: it is not in it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot, as text. */
  readonly startTime: string;
}

/** True while it runs; a zombie does not. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTicks === startTime && !stat.ended;
}

/** The living processes of the sessions that `leaders` started, the leaders included. A session keeps its number
 * reserved while a member lives, so a number that belongs to a younger leader says that the session is gone. */
export function listSessionMembers(leaders: readonly ProcessIdentity[]): number[] {
  const sessions = new Set<number>();
  for (const { pid, startTime } of leaders) {
    const leader = readStat(pid);
    if (leader === undefined || leader.startTicks === startTime) sessions.add(pid);
  }
  return lookAtAll(readStat)
    .filter(({ session, ended }) => sessions.has(session) && !ended)
    .map(({ pid }) => pid);
}
