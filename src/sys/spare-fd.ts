// One fd that is held for nothing, so that there is one when it is needed: by the time that a container ends, its attach
// clients may have taken all that the caller's limit allows.

import { O_CLOEXEC, O_PATH } from './constants.ts';
import type { Sys } from './sys.ts';

export class SpareFd {
  readonly #sys: Sys;
  #fd: number;

  /** Takes over `fd`. */
  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /** Calls `run` while the fd is free, and takes one again after that. */
  lend(run: () => void): void {
    this.release();
    run();
    this.#fd = this.#sys.open('/', O_PATH | O_CLOEXEC, 0);
  }

  release(): void {
    if (this.#fd >= 0) this.#sys.close(this.#fd);
    this.#fd = -1;
  }
}
