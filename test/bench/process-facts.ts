// What /proc knows of a process's use of the machine.

import { readdirSync, readFileSync } from 'node:fs';

/** In bytes. */
export interface Memory {
  /** Pages that nobody else has and that are not just a file's: what goes when the process goes. */
  readonly private: number;
  /** Those, and of what is shared its part. */
  readonly proportional: number;
}

export function readMemory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return { private: readKilobytes(text, 'Private_Dirty'), proportional: readKilobytes(text, 'Pss') };
}

/** Processor seconds of the threads that there are. */
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

export function countThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

function sumOverThreads(pid: number, read: (directory: string) => number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) sum += read(`/proc/${pid}/task/${thread}`);
  return sum;
}

function readKilobytes(text: string, name: string): number {
  return readNumber(text, name) * 1024;
}

function readNumber(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text);
  if (!match) throw new Error(`no ${name}`);
  return Number(match[1]);
}
