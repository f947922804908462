// Which process is meant. A process ID alone names whoever has it now; with its start time and the boot it names
// one process for ever.

import { readdirSync, readFileSync } from 'node:fs';
import { readIfThere } from './files.ts';

/** One process, for ever. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the process's start: field 22 of /proc/PID/stat. */
  readonly startTicks: string;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
}

/** The process that has this ID now; `undefined` where there is none, or only its zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && !stat.ended ? { pid, startTicks: stat.startTicks, bootId: bootId() } : undefined;
}

/** True while exactly this process runs; a zombie does not. */
export function isRunning(process: ProcessIdentity): boolean {
  const stat = readStat(process.pid);
  return (
    stat !== undefined && !stat.ended && stat.startTicks === process.startTicks && process.bootId === bootId()
  );
}

/** IDs of all processes below `pid`, its children first. */
export function listDescendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const other of listProcesses()) {
    const stat = readStat(other);
    if (stat && !stat.ended) parents.set(other, stat.parent);
  }
  const found = [pid];
  for (const ancestor of found)
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
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
  return listProcesses().map(pid => ({ pid, args: readArgs(pid) }));
}

function readArgs(pid: number): string[] {
  return (readProc(`/proc/${pid}/cmdline`, 'utf8') ?? '').split('\0').slice(0, -1);
}

/** What /proc/PID/stat says; the command in it may hold anything, parentheses and spaces too. A process whose first
 * thread has ended looks like a zombie, but runs as long as it has others; a zombie counts as one thread. */
export function parseStat(text: string): { parent: number; startTicks: string; ended: boolean } | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, threads, startTicks] = [fields[0], fields[1], fields[17], fields[19]];
  if (!state || !parent || !startTicks) return undefined;
  const ended = state === 'X' || (state === 'Z' && Number(threads) <= 1);
  return { parent: Number(parent), startTicks, ended };
}

function listProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function readStat(pid: number): ReturnType<typeof parseStat> {
  const text = readProc(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** A process that ends while its file is read gives ESRCH rather than ENOENT. */
function readProc(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

/** /proc/sys/kernel/random/boot_id. */
export function bootId(): string {
  knownBootId ??= (readIfThere('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return knownBootId;
}
