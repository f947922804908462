// The container's output on its way: into a k8s-file, and to a client of the attach socket.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { BenchMonitor } from './bench-monitor.ts';
import { inPairs } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { readCpuSeconds } from './process-facts.ts';
import type { Limit, Sample } from './statistics.ts';

const totalBytes = 400e6;
const quickTotalBytes = 100e6;
/** `2026-01-02T03:04:05.123456789+01:00 stdout F ` */
const prefixBytes = 45;
const bytesPerMb = 1e6;

interface Load {
  readonly lineBytes: number;
  readonly rounds: number;
  readonly limit?: Limit;
}

const loads: readonly Load[] = [
  { lineBytes: 16, rounds: 3, limit: { kind: 'times', atMost: 0.75 } },
  { lineBytes: 100, rounds: 7, limit: { kind: 'times', atMost: 0.65 } },
  { lineBytes: 1000, rounds: 5 },
  { lineBytes: 8192, rounds: 5 },
];

export const measureLog: Measurement = {
  name: 'log',
  async run(bench) {
    const samples: Sample[] = [];
    const total = bench.isQuick ? quickTotalBytes : totalBytes;
    for (const { lineBytes, rounds, limit } of loads) {
      const lines = Math.floor(total / lineBytes);
      const cpu = { theirs: [] as number[], ours: [] as number[] };
      const wall = await inPairs(bench.contenders, bench.isQuick ? 3 : rounds, async conmon => {
        const options = { lineBytes, totalBytes: total, lingers: true, args: ['--no-sync-log'] };
        const monitor = new BenchMonitor(bench.workplace, conmon, options);
        const cpuBefore = readCpuSeconds(monitor.pid);
        const start = performance.now();
        monitor.print();
        monitor.awaitExitFile();
        const seconds = (performance.now() - start) / 1000;
        cpu[conmon.isReference ? 'theirs' : 'ours'].push(readCpuSeconds(monitor.pid) - cpuBefore);
        const { size } = statSync(monitor.log);
        monitor.close();
        if (size < lines * (lineBytes + prefixBytes))
          throw new Error(`${conmon.name} logged only ${size} bytes`);
        return seconds;
      });
      const megabytes = (lines * lineBytes) / bytesPerMb;
      const name = `${Math.round(megabytes)} MB in lines of ${lineBytes} bytes`;
      const toRate = (seconds: number) => megabytes / seconds;
      samples.push(
        { name: `${name}, wall`, unit: 's', ...wall, ...(limit ? { limit } : {}) },
        { name: `${name}, CPU`, unit: 's', ...cpu, ...(limit ? { limit } : {}) },
        { name: `${name}, rate`, unit: 'MB/s', theirs: wall.theirs.map(toRate), ours: wall.ours.map(toRate) },
      );
    }
    return samples;
  },
};

export const measureAttach: Measurement = {
  name: 'attach',
  async run(bench) {
    const total = bench.isQuick ? quickTotalBytes : totalBytes;
    const values = await inPairs(bench.contenders, bench.isQuick ? 3 : 5, async conmon => {
      const options = { lineBytes: 100, totalBytes: total, log: 'none' };
      const monitor = new BenchMonitor(bench.workplace, conmon, options);
      const reader = spawn(bench.workplace.reader, [monitor.attachSocket], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: reader.stdout });
      await once(lines, 'line');
      const start = performance.now();
      monitor.print();
      const [received] = await once(lines, 'line');
      const seconds = (performance.now() - start) / 1000;
      monitor.close();
      if (Number(received) !== total)
        throw new Error(`${conmon.name} passed ${received} of ${total} bytes on`);
      return total / bytesPerMb / seconds;
    });
    return [{ name: 'output to one attached client', unit: 'MB/s', ...values }];
  },
};
