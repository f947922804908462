// The processes of a container as `ps` would show them.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { parseStat } from '../../proc/stat.ts';
import { listCgroupProcesses } from '../cgroups/cgroup-files.ts';
import { findCgroups } from '../cgroups/container-cgroup.ts';
import type { Context } from '../context.ts';
import { errorCode, isMissing } from '../files.ts';
import { isRunning, listDescendants } from '../processes/processes.ts';
import { requireContainer } from '../state/find.ts';
import type { CreatedRecord } from '../state/records.ts';
import type { ContainerOptions } from '../types.ts';

/** One process of a container. Its name and arguments are the container's own words: any bytes, those that are no UTF-8
 * as U+FFFD. */
export interface ContainerProcess {
  /** In this process's PID namespace, as the other one. */
  readonly pid: number;
  /** 0 where that is not in this namespace. */
  readonly parentPid: number;
  /** What the kernel calls it: the first 15 bytes of its program's name, unless it has changed that. */
  readonly name: string;
  /** The program and its arguments, as far as they are within 4096 bytes; empty where it shows none. */
  readonly args: readonly string[];
}

/** Lists those in the container's cgroups, in the order of their IDs; without any cgroup, the container's first process
 * and all below it. */
export async function listContainerProcesses(
  context: Context,
  id: string,
  options: ContainerOptions,
): Promise<ContainerProcess[]> {
  options.signal?.throwIfAborted();
  const { created } = await requireContainer(context, id, options);
  const pids = created.cgroups.length > 0 ? listMembers(created) : listFamily(created);
  return [...new Set(pids)].sort((one, other) => one - other).flatMap(pid => describe(pid) ?? []);
}

function listMembers({ cgroups, monitor }: CreatedRecord): number[] {
  return findCgroups(cgroups, monitor ?? undefined).flatMap(listCgroupProcesses);
}

function listFamily({ process }: CreatedRecord): number[] {
  return process && isRunning(process) ? [process.pid, ...listDescendants(process.pid)] : [];
}

/** Nothing where it has ended meanwhile. */
function describe(pid: number): ContainerProcess | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const stat = parseStat(text);
    if (stat === undefined || stat.ended) return undefined;
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    return { pid, parentPid: stat.parent, name, args: readArgs(pid) };
  } catch (error) {
    if (isMissing(error) || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

/** A process may show megabytes of arguments, and a container have thousands of such processes. */
const argsBytesMax = 4096;

function readArgs(pid: number): string[] {
  const fd = openSync(`/proc/${pid}/cmdline`, 'r');
  try {
    const buffer = Buffer.alloc(argsBytesMax);
    const text = buffer.subarray(0, readSync(fd, buffer, 0, argsBytesMax, 0)).toString();
    return text === '' ? [] : text.replace(/\0$/, '').split('\0');
  } finally {
    closeSync(fd);
  }
}
