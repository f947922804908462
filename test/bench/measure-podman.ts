// What Podman's users wait for, with a storage of its own and runc as the runtime.

import { PodmanHome } from '../podman/harness/podman-home.ts';
import { probePodman } from '../podman/harness/probe.ts';
import { inPairs, type Pair } from './contenders.ts';
import type { Measurement } from './measure.ts';

export const measurePodman: Measurement = {
  name: 'podman',
  async run({ contenders, isQuick }) {
    const missing = await probePodman();
    if (missing !== undefined) {
      console.error(`podman is not measured: that needs ${missing}`);
      return [];
    }
    const homes: Pair<PodmanHome> = {
      theirs: await PodmanHome.make(contenders.theirs),
      ours: await PodmanHome.make(contenders.ours),
    };
    const time = (args: readonly string[]) =>
      inPairs(contenders, isQuick ? 3 : 12, async ({ isReference }) => {
        const start = performance.now();
        await homes[isReference ? 'theirs' : 'ours'].ok(...args);
        return performance.now() - start;
      });
    try {
      for (const home of [homes.theirs, homes.ours]) {
        await home.runDetached('--name', 'idle', 'box', 'sleep', '1000');
        await home.assertHolds('idle');
      }
      const run = await time(['run', '--rm', 'box', 'true']);
      const exec = await time(['exec', 'idle', 'true']);
      return [
        { name: 'podman run --rm', unit: 'ms', ...run, limit: { kind: 'times', atMost: 1.08 } },
        { name: 'podman exec', unit: 'ms', ...exec },
      ];
    } finally {
      await homes.theirs.close();
      await homes.ours.close();
    }
  },
};
