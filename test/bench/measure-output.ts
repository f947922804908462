// The container's output on its way: into a k8s-file, and to a client of the attach socket.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { BenchMonitor } from './bench-monitor.ts';
import { type Each, forEach, inTurns } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { readCpuSeconds } from './process-facts.ts';
import type { Limit, Sample } from './statistics.ts';

const totalBytes = 400e6;
const quickTotalBytes = 100e6;
/** `2026-01-02T03:04:05.123456789+01:00 stdout F ` */
const prefixBytes = 45;
const bytesPerMb = 1e6;
const attachLimit: Limit = { kind: 'times', atMost: 0.8 };

interface Load {
  readonly lineBytes: number;
  readonly rounds: number;
  readonly limit: Limit;
}

const loads: readonly Load[] = [
  { lineBytes: 16, rounds: 3, limit: { kind: 'times', atMost: 0.35 } },
  { lineBytes: 100, rounds: 7, limit: { kind: 'times', atMost: 0.5 } },
  { lineBytes: 1000, rounds: 5, limit: { kind: 'times', atMost: 0.65 } },
  { lineBytes: 8192, rounds: 5, limit: { kind: 'times', atMost: 0.65 } },
];

export const measureLog: Measurement = {
  name: 'log',
  async run({ contenders, workplace, isQuick }) {
    const samples: Sample[] = [];
    const total = isQuick ? quickTotalBytes : totalBytes;
    for (const { lineBytes, rounds, limit } of loads) {
      const lines = Math.floor(total / lineBytes);
      const { wall, cpu } = await inTurns(contenders, isQuick ? 3 : rounds, async conmon => {
        const options = { lineBytes, totalBytes: total, lingers: true, args: ['--no-sync-log'] };
        const monitor = new BenchMonitor(workplace, conmon, options);
        const cpuBefore = readCpuSeconds(monitor.pid);
        const start = performance.now();
        monitor.print();
        monitor.awaitExitFile();
        const wall = secondsSince(start);
        const cpu = readCpuSeconds(monitor.pid) - cpuBefore;
        const { size } = statSync(monitor.log);
        monitor.close();
        if (size < lines * (lineBytes + prefixBytes))
          throw new Error(`${conmon.name} logged only ${size} bytes`);
        return { wall, cpu };
      });
      const bytes = lines * lineBytes;
      const name = `${Math.round(bytes / bytesPerMb)} MB in lines of ${lineBytes} bytes`;
      samples.push(
        { name: `${name}, wall`, unit: 's', ...wall, limit },
        { name: `${name}, CPU`, unit: 's', ...cpu, limit },
        { name: `${name}, rate`, unit: 'MB/s', ...toRates(bytes, wall) },
      );
    }
    return samples;
  },
};

export const measureAttach: Measurement = {
  name: 'attach',
  async run({ contenders, workplace, isQuick }) {
    const total = isQuick ? quickTotalBytes : totalBytes;
    const { wall } = await inTurns(contenders, isQuick ? 3 : 5, async conmon => {
      const options = { lineBytes: 100, totalBytes: total, log: 'none' };
      const monitor = new BenchMonitor(workplace, conmon, options);
      const reader = spawn(workplace.reader, [monitor.attachSocket], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: reader.stdout });
      await once(lines, 'line');
      const start = performance.now();
      monitor.print();
      const [received] = await once(lines, 'line');
      const wall = secondsSince(start);
      monitor.close();
      if (Number(received) !== total)
        throw new Error(`${conmon.name} passed ${received} of ${total} bytes on`);
      return { wall };
    });
    const name = `${total / bytesPerMb} MB to one attached client`;
    return [
      { name: `${name}, wall`, unit: 's', ...wall, limit: attachLimit },
      { name: `${name}, rate`, unit: 'MB/s', ...toRates(total, wall) },
    ];
  },
};

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

function toRates(bytes: number, wall: Each<readonly number[]>): Each<number[]> {
  return forEach(wall, list => list.map(seconds => bytes / bytesPerMb / seconds));
}
