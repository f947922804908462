// Which of the two kernels this process uses: decided once, when it is first needed.

import type { Addon } from '../../sys/load-addon.ts';
import type { Kernel } from './kernel.ts';
import { LoopKernel } from './loop.ts';
import { openAddon } from './open-addon.ts';
import { PollingKernel } from './polling.ts';

let chosen: Kernel | undefined;

/** The addon's where that loads, else the one that needs none. Never rejects. */
export async function kernel(): Promise<Kernel> {
  chosen ??= choose();
  return chosen;
}

function choose(): Kernel {
  let sys: Addon;
  try {
    sys = openAddon();
  } catch (error) {
    return new PollingKernel(error instanceof Error ? error.message : String(error));
  }
  if (sys.nodeLoop) return new LoopKernel(sys, sys.nodeLoop);
  return new PollingKernel(
    'the addon is of another version of the library, or does not know the event loop of this program: `npm run build` in a checkout makes it anew',
  );
}
