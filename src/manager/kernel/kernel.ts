// What the library asks of the kernel that Node.js has no call for. There are two of it: with the addon, one that Node's
// event loop waits for (./loop.ts); without, one that looks again and again (./polling.ts).

import type { ProcessIdentity } from '../processes/processes.ts';
import type { AttachReport } from './attach-report.ts';

export interface Kernel {
  /** Why there is no addon, in words for a person; `undefined` where there is one. */
  readonly addonMissing: string | undefined;
  /** Waits for one process, together with all others who do. */
  watchProcess(process: ProcessIdentity): Watch;
  /** Connects to the attach socket in `directory`; what comes of it is reported, and nothing before this returns. Throws
   * {@link AddonError} without the addon. */
  connect(directory: string, listener: (report: AttachReport) => void): AttachSocket;
}

/** Something one can stop caring about. */
export interface Watch {
  /** Resolves when the process has ended. Stays pending once the watch is stopped. */
  readonly gone: Promise<void>;
  stop(): void;
}

/** A connection to a monitor. */
export interface AttachSocket {
  /** Sends bytes in order; each call is answered by one report `sent`. */
  send(bytes: Uint8Array): void;
  /** Ends our direction once everything is sent. */
  finish(): void;
  /** So many bytes have been consumed: as many more may come. */
  allow(bytes: number): void;
  /** Nothing is reported after this. */
  close(): void;
}
