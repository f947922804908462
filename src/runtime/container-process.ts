// The container's first process: how we learn of its end, and how signals reach it and nobody else.

import { EPOLLIN } from '../sys/constants.ts';
import { ESRCH } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';

/** How often the process is looked for where the kernel has no pidfds (before 5.3), or none can be watched. */
const pollMs = 1000;

export class ContainerProcess {
  readonly pid: number;
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #onGone: () => void;
  #pidfd: number;
  #isOver = false;
  #poll: Timer | undefined;

  /** Calls `onGone` once, from the reactor, when the process is gone, whether or not it is our child. */
  constructor(sys: Sys, reactor: Reactor, pid: number, onGone: () => void) {
    this.pid = pid;
    this.#sys = sys;
    this.#reactor = reactor;
    this.#onGone = onGone;
    this.#pidfd = sys.pidfdOpen(pid);
    if (this.#pidfd < 0) this.#pollAfter(this.#pidfd === -ESRCH ? 0 : pollMs);
    else if (reactor.tryWatch(this.#pidfd, EPOLLIN, () => this.#gone()) < 0) this.#pollAfter(pollMs);
  }

  /** Sends a signal. Returns 0 or -errno; -ESRCH if the process is gone. */
  signal(number: number): number {
    if (this.#isOver) return -ESRCH; // its pid may be somebody else's by now
    return this.#pidfd >= 0
      ? this.#sys.pidfdSendSignal(this.#pidfd, number)
      : this.#sys.kill(this.pid, number);
  }

  /** Sends a signal to its process group, unless that is ours: then to the process alone. */
  signalGroup(number: number): number {
    const group = this.#isOver ? -ESRCH : this.#sys.getpgid(this.pid);
    if (group <= 1 || group === this.#sys.getpgid(0)) return this.signal(number);
    return this.#sys.kill(-group, number);
  }

  close(): void {
    this.#isOver = true;
    this.#poll?.cancel();
    this.#poll = undefined;
    if (this.#pidfd < 0) return;
    this.#reactor.forget(this.#pidfd);
    this.#sys.close(this.#pidfd);
    this.#pidfd = -1;
  }

  #gone(): void {
    this.close();
    this.#onGone();
  }

  #pollAfter(ms: number): void {
    this.#poll = this.#reactor.after(ms, () => {
      if (this.#sys.kill(this.pid, 0) === -ESRCH) this.#gone();
      else this.#pollAfter(pollMs);
    });
  }
}
