// The log file under its limits: `--log-size-max` for one file, `--log-global-size-max` for all that is written.

import type { OpenLog } from './driver.ts';
import type { LogReplacement } from './log-replacement.ts';
import type { RecordSink } from './record-buffer.ts';

export class LimitedLog implements RecordSink {
  gatherBytesMax = 0;
  readonly #log: OpenLog;
  readonly #replacement: LogReplacement | undefined;
  readonly #sizeMax: number;
  readonly #totalMax: number;
  #second = 0;
  #failedInSecond = -1;

  /** Limits in bytes; none where they are not above 0. What cannot be replaced has no limit for its size. */
  constructor(log: OpenLog, replacement: LogReplacement | undefined, sizeMax: number, totalMax: number) {
    this.#log = log;
    this.#replacement = replacement;
    this.#sizeMax = sizeMax > 0 && replacement !== undefined ? sizeMax : Number.POSITIVE_INFINITY;
    this.#totalMax = totalMax > 0 ? totalMax : Number.POSITIVE_INFINITY;
  }

  /** True once all that may be written has been written. */
  get isFull(): boolean {
    return this.#log.total >= this.#totalMax;
  }

  /** The clock, for what has failed to be tried again, at most once a second. To be called before records gather. */
  setSecond(second: number): void {
    this.#second = second;
    if (this.#replacement?.isPending) this.#replace();
    this.#measure();
  }

  take(bytes: Uint8Array, length: number): void {
    this.#log.append(bytes, length);
    this.#measure();
  }

  /** The limits are conmon's. A record that does not fit into the file begins a new one, in which a record of any length
   * may be the first. A record is written if the total had not been reached before it. */
  spill(bytes: Uint8Array, last: number, length: number): number {
    if (this.isFull) return 0;
    let left = length;
    if (this.#log.size + length > this.#sizeMax && this.#log.size + last > 0) {
      this.#log.append(bytes, last);
      bytes.copyWithin(0, last, length);
      left -= last;
      this.#replace();
    }
    if (this.#log.total + left >= this.#totalMax) {
      this.#log.append(bytes, left);
      left = 0;
    }
    this.#measure();
    return left;
  }

  reopen(): void {
    if (this.#replacement === undefined) return;
    if (!this.#replacement.run()) this.#failedInSecond = this.#second;
  }

  sync(): void {
    this.#log.sync();
  }

  close(): void {
    this.#replacement?.close();
    this.#log.close();
  }

  #replace(): void {
    if (this.#replacement === undefined || this.#failedInSecond === this.#second) return;
    if (!this.#replacement.run()) this.#failedInSecond = this.#second;
  }

  #measure(): void {
    const untilSize =
      this.#failedInSecond === this.#second ? Number.POSITIVE_INFINITY : this.#sizeMax - this.#log.size;
    const untilTotal = this.#totalMax - this.#log.total - 1;
    this.gatherBytesMax = Math.min(untilSize, untilTotal);
  }
}
