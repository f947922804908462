// The times that a caller waits for: until it has the container's pid, and until it learns of the end.

import { BenchMonitor } from './bench-monitor.ts';
import { inPairs } from './contenders.ts';
import type { Measurement } from './measure.ts';

/** As much as Podman gives: a command line takes time to read. */
const exitCommand = [
  ...['--exit-command', '/bin/true'],
  ...[
    ...[
      '--root',
      '/var/lib/containers/storage',
      '--runroot',
      '/run/containers/storage',
      '--log-level',
      'warning',
    ],
    ...['--cgroup-manager', 'systemd', '--tmpdir', '/run/libpod', '--network-config-dir', ''],
    ...['--network-backend', 'netavark', '--volumepath', '/var/lib/containers/storage/volumes'],
    ...[
      '--db-backend',
      'sqlite',
      '--transient-store=false',
      '--runtime',
      'crun',
      '--storage-driver',
      'overlay',
    ],
    ...['--storage-opt', 'overlay.mountopt=nodev,metacopy=on', '--events-backend', 'journald', '--syslog'],
    ...['container', 'cleanup', '--rm', '6f1c3c8d0a5b4e7f9d2a1b8c7e6f5d4c3b2a19087f6e5d4c3b2a1908f7e6d5c4'],
  ].flatMap(arg => ['--exit-command-arg', arg]),
];

export const measureStart: Measurement = {
  name: 'start',
  async run({ contenders, workplace, isQuick }) {
    const values = await inPairs(contenders, isQuick ? 10 : 40, async conmon => {
      const monitor = new BenchMonitor(workplace, conmon, { args: exitCommand });
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
