// Which of the two kernels this process uses: decided once, when it is first needed.

import type { Sys } from '../../sys/sys.ts';
import { KernelClient } from './client.ts';
import type { Kernel } from './kernel.ts';
import { PollingKernel } from './polling.ts';

let chosen: Promise<Kernel> | undefined;

/** The addon's where that loads, else the one that needs none. */
export function kernel(): Promise<Kernel> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<Kernel> {
  let sys: Sys;
  try {
    ({ sys } = await import('../../sys/real.ts'));
  } catch (error) {
    return new PollingKernel(error instanceof Error ? error.message : String(error));
  }
  try {
    return new KernelClient(sys, forget);
  } catch (error) {
    forget();
    throw error;
  }
}

/** One that failed is not asked again: who comes next gets another. */
function forget(): void {
  chosen = undefined;
}
