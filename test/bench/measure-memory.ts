// What a monitor takes while nothing happens, and after much has.

import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchMonitor } from './bench-monitor.ts';
import type { Contenders, Pair } from './contenders.ts';
import type { Bench, Measurement } from './measure.ts';
import { countThreads, readMemory, readSwitches } from './process-facts.ts';
import type { Limit, Sample, Unit } from './statistics.ts';

const bytesPerMb = 1e6;
/** After so long without work the engine's helper threads have ended. */
const settlingSeconds = 25;
const idleSeconds = 20;
const quickIdleSeconds = 5;
const loadBytes = 10e9;
const quickLoadBytes = 1e9;

export const measureIdle: Measurement = {
  name: 'idle',
  async run(bench) {
    const samples: Sample[] = [];
    const monitors: Pair<BenchMonitor[]> = { theirs: [], ours: [] };
    try {
      for (const count of bench.isQuick ? [1, 10] : [1, 10, 50]) {
        startUpTo(count, monitors, bench);
        const limit: Limit | undefined = count === 50 ? { kind: 'amount', atMost: 4 } : undefined;
        samples.push(...compareMemory(`${count} idle`, monitors, limit));
      }
      await delay(settlingSeconds * 1000);
      samples.push(compare('threads of an idle one', 'threads', monitors, countThreads));
      samples.push(await compareSwitches(monitors, bench.isQuick ? quickIdleSeconds : idleSeconds));
    } finally {
      for (const monitor of [...monitors.theirs, ...monitors.ours]) {
        monitor.kill();
        monitor.close();
      }
    }
    return samples;
  },
};

export const measureLoaded: Measurement = {
  name: 'loaded',
  async run(bench) {
    const total = bench.isQuick ? quickLoadBytes : loadBytes;
    const monitors = forEach(bench.contenders, conmon => {
      const args = ['--log-size-max', String(256 * 1024 * 1024)];
      return [
        new BenchMonitor(bench.workplace, conmon, { lineBytes: 100, totalBytes: total, stays: true, args }),
      ];
    });
    const all = [...monitors.theirs, ...monitors.ours];
    try {
      for (const monitor of all) {
        monitor.print();
        monitor.awaitRead();
      }
      const limit: Limit = { kind: 'amount', atMost: 12 };
      return compareMemory(`after ${total / 1e9} GB of log`, monitors, limit);
    } finally {
      for (const monitor of all) {
        monitor.kill();
        monitor.close();
      }
    }
  },
};

function startUpTo(count: number, monitors: Pair<BenchMonitor[]>, { workplace, contenders }: Bench): void {
  while (monitors.ours.length < count) {
    monitors.theirs.push(new BenchMonitor(workplace, contenders.theirs));
    monitors.ours.push(new BenchMonitor(workplace, contenders.ours));
  }
}

/** A value for each monitor. */
function compareMemory(when: string, monitors: Pair<BenchMonitor[]>, limit: Limit | undefined): Sample[] {
  // A file just written has pages that are still to go to the disk: they would count as those of who maps them.
  execFileSync('sync');
  const memory = forEach(monitors, list => list.map(({ pid }) => readMemory(pid)));
  const part = (name: 'private' | 'proportional') =>
    forEach(memory, list => list.map(each => each[name] / bytesPerMb));
  return [
    { name: `private memory, ${when}`, unit: 'MB', ...part('private'), ...(limit ? { limit } : {}) },
    { name: `proportional memory, ${when}`, unit: 'MB', ...part('proportional') },
  ];
}

function compare(
  name: string,
  unit: Unit,
  monitors: Pair<BenchMonitor[]>,
  read: (pid: number) => number,
): Sample {
  return { name, unit, ...forEach(monitors, list => list.map(({ pid }) => read(pid))) };
}

async function compareSwitches(monitors: Pair<BenchMonitor[]>, seconds: number): Promise<Sample> {
  const read = () => forEach(monitors, list => list.map(({ pid }) => readSwitches(pid)));
  const before = read();
  await delay(seconds * 1000);
  const after = read();
  const sum = (who: keyof Contenders) =>
    after[who].reduce((total, value, i) => total + value - before[who][i]!, 0);
  return {
    name: `context switches of ${monitors.ours.length} idle in ${seconds} s, together`,
    unit: 'switches',
    theirs: [sum('theirs')],
    ours: [sum('ours')],
    limit: { kind: 'amount', atMost: 0 },
  };
}

function forEach<Value, Result>(pair: Pair<Value>, make: (value: Value) => Result): Pair<Result> {
  return { theirs: make(pair.theirs), ours: make(pair.ours) };
}
