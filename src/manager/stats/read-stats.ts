// What the kernel counts of a container: read from the files of its cgroups, which are the same whatever runtime made
// them. Of a mix of versions, each figure is where its controller is.

import { findCgroups } from '../cgroups/container-cgroup.ts';
import type { Context } from '../context.ts';
import { StateError } from '../errors.ts';
import { requireContainer } from '../state/find.ts';
import type { ContainerOptions } from '../types.ts';
import { readBlockIo } from './block-io.ts';
import { findWith, readFields, readLimit, readNumber } from './cgroup-numbers.ts';
import type { ContainerStats, CpuStats, PidsStats } from './container-stats.ts';
import { readMemory } from './memory.ts';

/** Reads the statistics of a container. Rejects with {@link StateError} where it has no cgroup to itself (any more). */
export async function readContainerStats(
  context: Context,
  id: string,
  options: ContainerOptions,
): Promise<ContainerStats> {
  options.signal?.throwIfAborted();
  const { cgroups, monitor } = (await requireContainer(context, id, options)).created;
  const stats = readStats(findCgroups(cgroups, monitor ?? undefined));
  if (stats.cpu || stats.memory || stats.pids || stats.blockIo) return stats;
  throw new StateError(`container ${id} has no cgroup to itself${cgroups.length > 0 ? ' any more' : ''}`);
}

/** Reads them from the directories of cgroups. */
export function readStats(directories: readonly string[]): ContainerStats {
  return {
    time: new Date(),
    cpu: readCpu(directories),
    memory: readMemory(directories),
    pids: readPids(directories),
    blockIo: readBlockIo(directories),
  };
}

/** Version 1 counts in `cpuacct` and limits in `cpu`, in nanoseconds; version 2 does both in `cpu.stat`, in
 * microseconds, and counts even without its controller. */
function readCpu(directories: readonly string[]): CpuStats | undefined {
  const accounting = findWith(directories, 'cpuacct.usage');
  const fields = new Map(directories.flatMap(directory => [...readFields(directory, 'cpu.stat')]));
  const ofVersion1 = (name: string) =>
    accounting === undefined ? undefined : divide(readNumber(accounting, name), nsPerMs);
  const usageMs = divide(fields.get('usage_usec'), usPerMs) ?? ofVersion1('cpuacct.usage');
  if (usageMs === undefined) return undefined;
  return {
    usageMs,
    userMs: divide(fields.get('user_usec'), usPerMs) ?? ofVersion1('cpuacct.usage_user'),
    systemMs: divide(fields.get('system_usec'), usPerMs) ?? ofVersion1('cpuacct.usage_sys'),
    periods: fields.get('nr_periods'),
    throttledPeriods: fields.get('nr_throttled'),
    throttledMs:
      divide(fields.get('throttled_usec'), usPerMs) ?? divide(fields.get('throttled_time'), nsPerMs),
  };
}

const usPerMs = 1000;
const nsPerMs = 1_000_000;

function divide(number: number | undefined, divisor: number): number | undefined {
  return number === undefined ? undefined : number / divisor;
}

function readPids(directories: readonly string[]): PidsStats | undefined {
  const directory = findWith(directories, 'pids.current');
  if (directory === undefined) return undefined;
  const current = readNumber(directory, 'pids.current');
  return current === undefined ? undefined : { current, limit: readLimit(directory, 'pids.max') };
}
