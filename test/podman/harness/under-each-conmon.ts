// One scenario, run under the C conmon and under ours.

import { after, afterEach, before, describe } from 'node:test';
import { findConmons } from './conmons.ts';
import { type HomeOptions, PodmanHome } from './podman-home.ts';

/**
 * Declares a suite for each conmon. Its home is made before the first test, and shown to start the conmon that it
 * should; after each test all containers are removed, and no process may be left.
 */
export function underEachConmon(
  subject: string,
  declareTests: (podman: () => PodmanHome) => void,
  options: HomeOptions = {},
): void {
  for (const conmon of findConmons()) {
    describe(`${subject}, under ${conmon.name}`, () => {
      let home: PodmanHome;
      before(async () => {
        home = await PodmanHome.make(conmon, options);
        await home.runDetached('--name', 'witness', 'box', 'sleep', '1000');
        await home.assertHolds('witness');
        await home.assertCleanAfterRemoval();
      });
      afterEach(() => home.assertCleanAfterRemoval());
      after(() => home.close());
      declareTests(() => home);
    });
  }
}
