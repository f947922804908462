// The kernel by Node.js alone: whether a process is still there is looked up in /proc, again and again.

import { AddonError } from '../errors.ts';
import { isRunning, type ProcessIdentity } from '../processes.ts';
import type { AttachSocket, Kernel, Watch } from './kernel.ts';
import { SharedWatches } from './shared-watches.ts';

/** The pause between two looks: it doubles from the first, so that short lives end on time and long ones cost little. */
const pauseMsMin = 10;
const pauseMsMax = 100;

export class PollingKernel implements Kernel {
  readonly addonMissing: string;
  readonly #watches = new SharedWatches(pollProcess);

  /** `addonMissing` says why it has to do. */
  constructor(addonMissing: string) {
    this.addonMissing = addonMissing;
  }

  watchProcess(process: ProcessIdentity): Watch {
    return this.#watches.watch(process);
  }

  /** Node.js connects to stream sockets only, and an attach socket is one of packets. */
  connect(): AttachSocket {
    throw new AddonError('attach to a container', this.addonMissing);
  }
}

function pollProcess(process: ProcessIdentity): Watch {
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
