// Which process is meant: with its start time and the boot, a process ID names one process for ever.

import { lookAtAll, readProc, readStat } from '../../proc/stat.ts';
import { errorCode, readIfThere } from '../files.ts';

/** One process, for ever. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the process's start: field 22 of /proc/PID/stat. */
  readonly startTicks: string;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
}

/** The process that has this ID now; `undefined` where there is none, or only its zombie. Throws where /proc can't be
 * read, for want of an fd say. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && !stat.ended ? { pid, startTicks: stat.startTicks, bootId: bootId() } : undefined;
}

/** True while exactly this process runs; a zombie does not. Where /proc can't be read, any process of this ID counts:
 * one that may be there is not given up. */
export function isRunning(process: ProcessIdentity): boolean {
  try {
    if (process.bootId !== bootId()) return false;
    const stat = readStat(process.pid);
    return stat !== undefined && !stat.ended && stat.startTicks === process.startTicks;
  } catch {
    return hasProcess(process.pid);
  }
}

/** IDs of all processes below `pid`, its children first. */
export function listDescendants(pid: number): number[] {
  const stats = lookAtAll(readStat).filter(({ ended }) => !ended);
  const found = [pid];
  for (const ancestor of found)
    for (const { pid: child, parent } of stats) if (parent === ancestor) found.push(child);
  return found.slice(1);
}

/** IDs of the processes that have `argument` among their arguments. */
export function findByArgument(argument: string): number[] {
  return listCommands()
    .filter(({ args }) => args.includes(argument))
    .map(({ pid }) => pid);
}

/** All processes with their arguments, their own name among them. */
export function listCommands(): { readonly pid: number; readonly args: readonly string[] }[] {
  return lookAtAll(pid => ({ pid, args: readArgs(pid) }));
}

function readArgs(pid: number): string[] {
  return (readProc(`/proc/${pid}/cmdline`, 'utf8') ?? '').split('\0').slice(0, -1);
}

/** By the one question that takes no fd. */
function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

let knownBootId: string | undefined;

/** /proc/sys/kernel/random/boot_id. */
export function bootId(): string {
  knownBootId ??= (readIfThere('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return knownBootId;
}

/** Kills the process that has this ID now. Only for one that has just been found to be meant: see signal-process.ts. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // it has ended
}
