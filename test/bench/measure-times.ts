// The times that a caller waits for: until it has the container's pid, and until it learns of the end.

import { until } from '../fixtures/waiting.ts';
import { BenchMonitor } from './bench-monitor.ts';
import { callCleanup } from './command-lines.ts';
import { inTurns } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { isAsleep, readFaults } from './process-facts.ts';

export const measureStart: Measurement = {
  name: 'start',
  async run({ contenders, workplace, isQuick }) {
    const { ms, faults } = await inTurns(contenders, isQuick ? 10 : 40, async conmon => {
      const monitor = new BenchMonitor(workplace, conmon, { args: callCleanup });
      await until('a monitor that has nothing to do', () => isAsleep(monitor.pid));
      const faults = monitor.launcherFaults + readFaults(monitor.pid);
      monitor.kill();
      monitor.close();
      return { ms: monitor.startMs, faults };
    });
    return [
      { name: 'spawn to pid on the sync pipe', unit: 'ms', ...ms, limit: { kind: 'times', atMost: 0.9 } },
      { name: 'page faults of a start', unit: 'faults', ...faults },
    ];
  },
};

export const measureDeath: Measurement = {
  name: 'death',
  async run({ contenders, workplace, isQuick }) {
    const { ms } = await inTurns(contenders, isQuick ? 10 : 40, async conmon => {
      const monitor = new BenchMonitor(workplace, conmon);
      const start = performance.now();
      monitor.kill();
      monitor.awaitExitFile();
      const ms = performance.now() - start;
      monitor.close();
      return { ms };
    });
    return [
      { name: 'container death to exit file', unit: 'ms', ...ms, limit: { kind: 'plus', atMost: 0.3 } },
    ];
  },
};
