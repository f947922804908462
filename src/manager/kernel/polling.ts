// The kernel by Node.js alone.

import { AddonError } from '../errors.ts';
import type { ProcessIdentity } from '../processes/processes.ts';
import type { AttachSocket, Kernel, Watch } from './kernel.ts';
import { pollProcess } from './poll-process.ts';
import { SharedWatches } from './shared-watches.ts';

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
