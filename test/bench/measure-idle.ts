// What a monitor takes while nothing happens.

import { setTimeout as delay } from 'node:timers/promises';
import type { Conmon } from '../podman/harness/conmons.ts';
import { BenchMonitor } from './bench-monitor.ts';
import { forEach, oneByOne } from './contenders.ts';
import type { Bench, Measurement } from './measure.ts';
import { type MemoryLimits, readMemories, sampleMemory } from './memory-samples.ts';
import { countThreads, type Memory, readSwitches } from './process-facts.ts';

const idleSeconds = 10;
const quickIdleSeconds = 3;
const delayCount = 300;
const quickDelayCount = 30;
/** Longer than the benchmark. */
const exitDelaySeconds = 3600;

const memoryLimits: Readonly<Record<number, MemoryLimits>> = {
  1: { proportional: 2.5 },
  50: { private: 0.5, proportional: 0.55 },
};

interface Watched {
  /** By the number of monitors that there were. */
  readonly memory: ReadonlyMap<number, Memory[]>;
  readonly threads: number[];
  readonly switches: number[];
}

export const measureIdle: Measurement = {
  name: 'idle',
  async run(bench) {
    const counts = bench.isQuick ? [1, 10] : [1, 10, 50];
    const seconds = bench.isQuick ? quickIdleSeconds : idleSeconds;
    const watched = await oneByOne(bench.contenders, conmon => watch(bench, conmon, counts, seconds));
    return [
      ...counts.flatMap(count =>
        sampleMemory(
          `${count} idle`,
          forEach(watched, ({ memory }) => memory.get(count)!),
          memoryLimits[count],
        ),
      ),
      {
        name: 'threads of an idle one',
        unit: 'threads',
        ...forEach(watched, ({ threads }) => threads),
        limit: { kind: 'amount', atMost: 1 },
      },
      {
        name: `context switches of ${counts.at(-1)} idle in ${seconds} s, together`,
        unit: 'switches',
        ...forEach(watched, ({ switches }) => switches),
        limit: { kind: 'amount', atMost: 0 },
      },
    ];
  },
};

/** Those that Podman has wait before they clean up after an exec. */
export const measureExitDelay: Measurement = {
  name: 'exit-delay',
  async run(bench) {
    const count = bench.isQuick ? quickDelayCount : delayCount;
    const memory = await oneByOne(bench.contenders, async conmon => delayExits(bench, conmon, count));
    const when = `${count} in --exit-delay`;
    return [
      ...sampleMemory(when, memory),
      {
        name: `page tables, ${when}`,
        unit: 'kB',
        ...forEach(memory, list => list.map(({ pageTables }) => pageTables / 1000)),
      },
    ];
  },
};

async function watch(
  { workplace }: Bench,
  conmon: Conmon,
  counts: readonly number[],
  seconds: number,
): Promise<Watched> {
  const monitors: BenchMonitor[] = [];
  const pids = () => monitors.map(({ pid }) => pid);
  try {
    const memory = new Map<number, Memory[]>();
    for (const count of counts) {
      while (monitors.length < count) monitors.push(new BenchMonitor(workplace, conmon));
      memory.set(count, readMemories(monitors));
    }
    const sumSwitches = () => pids().reduce((sum, pid) => sum + readSwitches(pid), 0);
    const before = sumSwitches();
    await delay(seconds * 1000);
    return { memory, threads: pids().map(countThreads), switches: [sumSwitches() - before] };
  } finally {
    for (const monitor of monitors) {
      monitor.kill();
      monitor.close();
    }
  }
}

function delayExits({ workplace }: Bench, conmon: Conmon, count: number): Memory[] {
  const args = ['--exit-delay', String(exitDelaySeconds), '--exit-command', '/bin/true'];
  const monitors: BenchMonitor[] = [];
  try {
    while (monitors.length < count) {
      const monitor = new BenchMonitor(workplace, conmon, { args });
      monitors.push(monitor);
      monitor.kill();
      monitor.awaitExitFile();
      monitor.stopWatching();
    }
    return readMemories(monitors);
  } finally {
    for (const monitor of monitors) {
      monitor.killMonitor();
      monitor.close();
    }
  }
}
