// What Podman's users wait for, with a storage of its own and runc as the runtime.

import { PodmanHome } from '../podman/harness/podman-home.ts';
import { probePodman } from '../podman/harness/probe.ts';
import { inTurns, oneByOne } from './contenders.ts';
import type { Measurement } from './measure.ts';
import type { Limit } from './statistics.ts';

/** One takes a tenth more or less than the next: with half as many, so do their medians. */
const rounds = 60;
const limit: Limit = { kind: 'times', atMost: 1.02 };

export const measurePodman: Measurement = {
  name: 'podman',
  async run({ contenders, isQuick }) {
    const missing = await probePodman();
    if (missing !== undefined) {
      console.error(`podman is not measured: that needs ${missing}`);
      return [];
    }
    const homes = await oneByOne(contenders, conmon => PodmanHome.make(conmon));
    const time = (args: readonly string[]) =>
      inTurns(contenders, isQuick ? 4 : rounds, async (_conmon, who) => {
        const start = performance.now();
        await homes[who]!.ok(...args);
        return { ms: performance.now() - start };
      });
    try {
      await oneByOne(homes, async home => {
        await home.runDetached('--name', 'idle', 'box', 'sleep', '1000');
        await home.assertHolds('idle');
      });
      const run = await time(['run', '--rm', 'box', 'true']);
      const exec = await time(['exec', 'idle', 'true']);
      return [
        { name: 'podman run --rm', unit: 'ms', ...run.ms, limit },
        { name: 'podman exec', unit: 'ms', ...exec.ms, limit },
      ];
    } finally {
      await oneByOne(homes, home => home.close());
    }
  },
};
