// Which of the two kernels this process uses: decided once, when it is first needed.

import type { NodeLoop } from '../../sys/node-loop.ts';
import type { Sys } from '../../sys/sys.ts';
import type { Kernel } from './kernel.ts';
import { LoopKernel } from './loop.ts';
import { PollingKernel } from './polling.ts';

let chosen: Promise<Kernel> | undefined;

/** The addon's where that loads, else the one that needs none. Never rejects. */
export function kernel(): Promise<Kernel> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<Kernel> {
  let sys: Sys & { readonly nodeLoop?: NodeLoop };
  try {
    ({ sys } = await import('../../sys/real.ts'));
  } catch (error) {
    return new PollingKernel(error instanceof Error ? error.message : String(error));
  }
  if (sys.nodeLoop) return new LoopKernel(sys, sys.nodeLoop);
  return new PollingKernel(
    'the addon is of another version of the library, or does not know the event loop of this program: `npm run build` in a checkout makes it anew',
  );
}
