// The memory of monitors, as rows.

import { execFileSync } from 'node:child_process';
import type { BenchMonitor } from './bench-monitor.ts';
import { type Each, forEach } from './contenders.ts';
import { listChildren, type Memory, readMemory } from './process-facts.ts';
import type { Limit, Sample } from './statistics.ts';

export const bytesPerMb = 1e6;

/** In MB. */
export interface MemoryLimits {
  readonly private?: number;
  readonly proportional?: number;
}

export function readMemories(monitors: readonly BenchMonitor[]): Memory[] {
  // A file just written has pages that are still to go to the disk: they would count as those of who maps them.
  execFileSync('sync');
  return monitors.map(({ pid, containerPid }) =>
    // A C conmon forks to wait for the end of --exit-delay, and then shares its pages with its child.
    readMemory(pid, ...listChildren(pid).filter(child => child !== containerPid)),
  );
}

export function sampleMemory(
  when: string,
  memory: Each<readonly Memory[]>,
  limits: MemoryLimits = {},
): Sample[] {
  const row = (name: 'private' | 'proportional'): Sample => ({
    name: `${name} memory, ${when}`,
    unit: 'MB',
    ...forEach(memory, list => list.map(each => each[name] / bytesPerMb)),
    ...limitAmount(limits[name]),
  });
  return [row('private'), row('proportional')];
}

function limitAmount(atMost: number | undefined): { limit?: Limit } {
  return atMost === undefined ? {} : { limit: { kind: 'amount', atMost } };
}
