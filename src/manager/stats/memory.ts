// How much memory a container has.

import { findWith, readFields, readLimit, readNumber } from './cgroup-numbers.ts';
import type { MemoryStats } from './container-stats.ts';

/** `undefined` where no hierarchy counts it. */
export function readMemory(directories: readonly string[]): MemoryStats | undefined {
  const version2 = findWith(directories, 'memory.current');
  if (version2 !== undefined) return readMemory2(version2);
  const version1 = findWith(directories, 'memory.usage_in_bytes');
  return version1 === undefined ? undefined : readMemory1(version1);
}

function readMemory2(directory: string): MemoryStats | undefined {
  const usageBytes = readNumber(directory, 'memory.current');
  if (usageBytes === undefined) return undefined;
  const fields = readFields(directory, 'memory.stat');
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - (fields.get('inactive_file') ?? 0)),
    limitBytes: readLimit(directory, 'memory.max'),
    peakBytes: readNumber(directory, 'memory.peak'),
    anonymousBytes: fields.get('anon'),
    fileBytes: fields.get('file'),
    kernelBytes: fields.get('kernel'),
    swapBytes: readNumber(directory, 'memory.swap.current'),
    swapLimitBytes: readLimit(directory, 'memory.swap.max'),
    pageFaults: fields.get('pgfault'),
    majorPageFaults: fields.get('pgmajfault'),
    oomKills: readFields(directory, 'memory.events').get('oom_kill'),
  };
}

/** The fields without `total_` leave out the cgroups below. Of swap there is only the sum with memory. */
function readMemory1(directory: string): MemoryStats | undefined {
  const usageBytes = readNumber(directory, 'memory.usage_in_bytes');
  if (usageBytes === undefined) return undefined;
  const fields = readFields(directory, 'memory.stat');
  const limitBytes = readLimit(directory, 'memory.limit_in_bytes');
  const sumBytes = readNumber(directory, 'memory.memsw.usage_in_bytes');
  const sumLimitBytes = readLimit(directory, 'memory.memsw.limit_in_bytes');
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - (fields.get('total_inactive_file') ?? 0)),
    limitBytes,
    peakBytes: readNumber(directory, 'memory.max_usage_in_bytes'),
    anonymousBytes: fields.get('total_rss'),
    fileBytes: fields.get('total_cache'),
    kernelBytes: readNumber(directory, 'memory.kmem.usage_in_bytes'),
    swapBytes: sumBytes === undefined ? undefined : Math.max(0, sumBytes - usageBytes),
    swapLimitBytes: sumLimitBytes === undefined ? undefined : Math.max(0, sumLimitBytes - (limitBytes ?? 0)),
    pageFaults: fields.get('total_pgfault'),
    majorPageFaults: fields.get('total_pgmajfault'),
    oomKills: readFields(directory, 'memory.oom_control').get('oom_kill'),
  };
}
