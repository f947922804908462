// What a log did not take: told when it begins, and counted when it is over.

import type { Warn } from './driver.ts';

export class LogLosses {
  readonly #path: string;
  readonly #warn: Warn;
  #bytes = 0;
  #isFailing = false;

  constructor(path: string, warn: Warn) {
    this.#path = path;
    this.#warn = warn;
  }

  /** A write has failed: warns, once until one succeeds. */
  begin(why: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#warn(`Failed to write to log file ${this.#path}: ${why}`);
  }

  /** So many bytes of records are lost. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A write has succeeded. */
  end(): void {
    this.#isFailing = false;
    this.report();
  }

  /** Warns of what was lost since the last time. */
  report(): void {
    if (this.#bytes === 0) return;
    this.#warn(`Lost ${this.#bytes} bytes of log, for which there was no room in ${this.#path}`);
    this.#bytes = 0;
  }
}
