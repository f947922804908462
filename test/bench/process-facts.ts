// What /proc knows of a process's use of the machine: also of one that has ended and that nobody has waited for yet.

import { readdirSync, readFileSync } from 'node:fs';

/** In bytes. */
export interface Memory {
  /** Pages that were written and that nobody else has: what goes when the process goes. */
  readonly private: number;
  /** Those, and of what is shared its part. */
  readonly proportional: number;
  /** What the kernel needs to keep account of the pages. */
  readonly pageTables: number;
}

/** Of processes together. */
export function readMemory(...pids: readonly number[]): Memory {
  const all = pids.map(pid => ({
    rollup: readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'),
    status: readFileSync(`/proc/${pid}/status`, 'latin1'),
  }));
  const sum = (file: 'rollup' | 'status', name: string) =>
    all.reduce((total, each) => total + readNumber(each[file], name) * 1024, 0);
  return {
    private: sum('rollup', 'Pss_Dirty'),
    proportional: sum('rollup', 'Pss'),
    pageTables: sum('status', 'VmPTE'),
  };
}

/** Those of its first thread: here nobody starts any from another one. */
export function listChildren(pid: number): number[] {
  return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? []).map(Number);
}

/** Processor seconds of the threads that there are, without those of children. */
export function readCpuSeconds(pid: number): number {
  return (
    sumOverThreads(pid, directory => Number(readFileSync(`${directory}/schedstat`, 'latin1').split(' ')[0])) /
    1e9
  );
}

/** How often a thread of the process was taken off a processor or left it. */
export function readSwitches(pid: number): number {
  return sumOverThreads(pid, directory => {
    const text = readFileSync(`${directory}/status`, 'latin1');
    return readNumber(text, 'voluntary_ctxt_switches') + readNumber(text, 'nonvoluntary_ctxt_switches');
  });
}

/** How often the process touched a page that it did not have yet, be it in memory or on the disk. */
export function readFaults(pid: number): number {
  const fields = readStat(pid);
  return Number(fields[7]) + Number(fields[9]);
}

/** True where it waits for something. */
export function isAsleep(pid: number): boolean {
  return readStat(pid)[0] === 'S';
}

export function countThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

export function countFds(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The fields of /proc/PID/stat from the third on: the second is a name, in which anything may stand. */
function readStat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function sumOverThreads(pid: number, read: (directory: string) => number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) sum += read(`/proc/${pid}/task/${thread}`);
  return sum;
}

function readNumber(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text);
  if (!match) throw new Error(`no ${name}`);
  return Number(match[1]);
}
