// The pipe on which the caller waits for the pid, the exit status of an exec, or the reason why there is none.

import { EAGAIN, EPIPE, errorWords } from '../sys/errno.ts';
import { writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { encodeReport, type ReportKey } from './sync-report.ts';

export class SyncPipe {
  readonly #sys: Sys;
  readonly #key: ReportKey;
  readonly #warn: (message: string) => void;
  #fd: number;
  /** Whether the caller has been told anything, or would have been with a pipe. */
  hasReported = false;

  /** `fd` is -1 where the caller gave no pipe: reports then go nowhere. */
  constructor(sys: Sys, fd: number, key: ReportKey, warn: (message: string) => void) {
    this.#sys = sys;
    this.#fd = fd;
    this.#key = key;
    this.#warn = warn;
  }

  /** Sends one report. A caller that is gone or does not read is no reason to leave the container alone. */
  report(value: number, message?: Uint8Array): void {
    const report = encodeReport(this.#key, value, message);
    const answer = this.#fd < 0 ? 0 : writeAll(this.#sys, this.#fd, report);
    this.hasReported = true;
    if (answer === 0) return;
    if (answer !== -EPIPE)
      this.#warn(`Unable to send container stderr message to parent: ${errorWords(answer)}`);
    if (answer !== -EAGAIN) this.close();
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#sys.close(this.#fd);
    this.#fd = -1;
  }
}
