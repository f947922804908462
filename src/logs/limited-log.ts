// The log file under its limits: `--log-size-max` for one file, `--log-global-size-max` for all that is written.

import type { LogFile } from './log-file.ts';
import type { LogReplacement } from './log-replacement.ts';
import type { RecordSink } from './record-buffer.ts';

export class LimitedLog implements RecordSink {
  gatherBytesMax = 0;
  readonly #file: LogFile;
  readonly #replacement: LogReplacement;
  readonly #sizeMax: number;
  readonly #totalMax: number;
  #second = 0;
  #failedInSecond = -1;

  /** Limits in bytes; none where they are not above 0. One that cannot be replaced has no limit for
   * its size. */
  constructor(file: LogFile, replacement: LogReplacement, sizeMax: number, totalMax: number) {
    this.#file = file;
    this.#replacement = replacement;
    this.#sizeMax = sizeMax > 0 && replacement.isPossible ? sizeMax : Number.POSITIVE_INFINITY;
    this.#totalMax = totalMax > 0 ? totalMax : Number.POSITIVE_INFINITY;
    this.#measure();
  }

  /** True once all that may be written has been written. */
  get isFull(): boolean {
    return this.#file.total >= this.#totalMax;
  }

  /** The clock, for what has failed to be tried again, at most once a second. */
  setSecond(second: number): void {
    this.#second = second;
    if (this.#replacement.isPending) this.#replace();
    this.#measure();
  }

  take(bytes: Uint8Array, length: number): void {
    if (!this.isFull) this.#file.append(bytes, length);
    this.#measure();
  }

  /** The limits are conmon's: a record that does not fit begins a new file, one of any length may be the first;
   * a record is written as long as the total has not been reached before it. */
  spill(bytes: Uint8Array, last: number, length: number): number {
    if (this.isFull) return 0;
    let left = length;
    if (this.#file.size + length > this.#sizeMax && this.#file.size + last > 0) {
      this.#file.append(bytes, last);
      bytes.copyWithin(0, last, length);
      left -= last;
      this.#replace();
    }
    if (this.#file.total + left >= this.#totalMax) {
      this.#file.append(bytes, left);
      left = 0;
    }
    this.#measure();
    return left;
  }

  reopen(): void {
    if (!this.#replacement.isPossible) return;
    if (!this.#replacement.run()) this.#failedInSecond = this.#second;
    this.#measure();
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#replacement.close();
    this.#file.close();
  }

  #replace(): void {
    if (this.#failedInSecond === this.#second) return;
    if (!this.#replacement.run()) this.#failedInSecond = this.#second;
  }

  #measure(): void {
    const untilSize =
      this.#failedInSecond === this.#second ? Number.POSITIVE_INFINITY : this.#sizeMax - this.#file.size;
    const untilTotal = this.#totalMax - this.#file.total - 1;
    this.gatherBytesMax = Math.min(untilSize, untilTotal);
  }
}
