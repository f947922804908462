// Waiting in place until an fd takes more of what is written to it. The monitor does nothing else meanwhile.

import { ClockTime } from '../sys/clock-time.ts';
import { CLOCK_MONOTONIC, EPOLL_CTL_ADD, EPOLLOUT } from '../sys/constants.ts';
import { EINTR } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';

/** How often an fd is tried that the kernel refuses to watch, in milliseconds. */
export const roomPollMs = 50;

export class RoomWait {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #clock = new ClockTime();
  readonly #events = new Int32Array(2);
  /** -1 until there is something to wait for. */
  #epfd = -1;
  #isWatched = false;

  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /** Milliseconds of the monotonic clock. */
  nowMs(): number {
    this.#sys.clockGettime(CLOCK_MONOTONIC, this.#clock);
    return this.#clock.ms;
  }

  /** Calls `attempt` whenever there may be room, until it returns true. Returns false when `ms` milliseconds are over
   * before that, or where there can be no waiting. */
  retry(ms: number, attempt: () => boolean): boolean {
    const deadlineMs = this.nowMs() + ms;
    for (;;) {
      const leftMs = Math.ceil(deadlineMs - this.nowMs());
      if (leftMs <= 0 || !this.#wait(leftMs)) return false;
      if (attempt()) return true;
    }
  }

  close(): void {
    if (this.#epfd >= 0) this.#sys.close(this.#epfd);
    this.#epfd = -1;
  }

  #wait(timeoutMs: number): boolean {
    if (this.#epfd < 0) {
      this.#epfd = this.#sys.epollCreate();
      if (this.#epfd < 0) return false;
      this.#isWatched = this.#sys.epollCtl(this.#epfd, EPOLL_CTL_ADD, this.#fd, EPOLLOUT) >= 0;
    }
    const waitMs = this.#isWatched ? timeoutMs : Math.min(timeoutMs, roomPollMs);
    const count = this.#sys.epollWait(this.#epfd, this.#events, waitMs);
    return count > 0 || count === -EINTR || !this.#isWatched;
  }
}
