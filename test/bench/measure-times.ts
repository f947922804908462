// The times that a caller waits for: until it has the container's pid, and until it learns of the end.

import { BenchMonitor } from './bench-monitor.ts';
import { inPairs } from './contenders.ts';
import type { Measurement } from './measure.ts';

export const measureStart: Measurement = {
  name: 'start',
  async run({ contenders, workplace, isQuick }) {
    const values = await inPairs(contenders, isQuick ? 10 : 40, async conmon => {
      const monitor = new BenchMonitor(workplace, conmon);
      monitor.kill();
      monitor.close();
      return monitor.startMs;
    });
    return [
      { name: 'spawn to pid on the sync pipe', unit: 'ms', ...values, limit: { kind: 'plus', atMost: 6 } },
    ];
  },
};

export const measureDeath: Measurement = {
  name: 'death',
  async run({ contenders, workplace, isQuick }) {
    const values = await inPairs(contenders, isQuick ? 10 : 40, async conmon => {
      const monitor = new BenchMonitor(workplace, conmon);
      const start = performance.now();
      monitor.kill();
      monitor.awaitExitFile();
      const ms = performance.now() - start;
      monitor.close();
      return ms;
    });
    return [
      { name: 'container death to exit file', unit: 'ms', ...values, limit: { kind: 'plus', atMost: 3 } },
    ];
  },
};
