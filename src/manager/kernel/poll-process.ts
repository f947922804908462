// The end of a process by Node.js alone: whether it is still there is looked up in /proc, again and again.

import { isRunning, type ProcessIdentity } from '../processes/processes.ts';
import type { Watch } from './kernel.ts';

/** The pause between two looks: it doubles from the first, so that short lives end on time and long ones cost little. */
const pauseMsMin = 10;
const pauseMsMax = 100;

export function pollProcess(process: ProcessIdentity): Watch {
  const { promise, resolve } = Promise.withResolvers<void>();
  let pauseMs = pauseMsMin;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    if (!isRunning(process)) return resolve();
    timer = setTimeout(look, pauseMs);
    pauseMs = Math.min(2 * pauseMs, pauseMsMax);
  };
  look();
  return { gone: promise, stop: () => clearTimeout(timer) };
}
