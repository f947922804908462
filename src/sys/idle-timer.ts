// Memory that is kept for what comes next is kept for a while only.

import type { Reactor, Timer } from './reactor.ts';

/** Calls `run` once nothing has been noted for `ms` milliseconds, and at the latest after twice as long. */
export class IdleTimer {
  readonly #reactor: Reactor;
  readonly #ms: number;
  readonly #run: () => void;
  #timer: Timer | undefined;
  #isNoted = false;

  constructor(reactor: Reactor, ms: number, run: () => void) {
    this.#reactor = reactor;
    this.#ms = ms;
    this.#run = run;
  }

  /** Something has happened. It costs nothing while the clock runs. */
  note(): void {
    if (this.#timer) this.#isNoted = true;
    else this.#wait();
  }

  /** Forgets what was noted. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    this.#isNoted = false;
    this.#timer = this.#reactor.after(this.#ms, () => {
      this.#timer = undefined;
      if (this.#isNoted) this.#wait();
      else this.#run();
    });
  }
}
