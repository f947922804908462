// Waiting by the reactor until an fd takes more of what is written to it: the container is held back meanwhile, and all
// else goes on. It is bounded, and no call throws.

import { EPOLLOUT } from '../sys/constants.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import { roomPollMs } from './room-wait.ts';

/**
 * How long a log may take nothing at all while the container is held back, in milliseconds, before what waits is given
 * up. A journal may be rotating its files on a slow disk; a container that waits for ever helps nobody.
 */
export const patienceMs = 10_000;

/** Whoever has something that waits. */
export interface Waiting {
  /** Writes what there is room for. Returns whether nothing waits any more. */
  resume(): boolean;
  /** What waits is lost, and what comes after it, until something is taken again. */
  giveUp(): void;
}

export class RoomWatch {
  readonly #fd: number;
  readonly #waiting: Waiting;
  #reactor: Reactor | undefined;
  #onRoom = () => {};
  /** Once watched, the fd stays registered: only that needs memory of the kernel's. */
  #isRegistered = false;
  /** Set while something waits. */
  #patience: Timer | undefined;
  /** Set while the fd cannot be watched. */
  #poll: Timer | undefined;
  #hasProgressed = false;

  constructor(fd: number, waiting: Waiting) {
    this.#fd = fd;
    this.#waiting = waiting;
  }

  /** From here on {@link start} will do, and `onRoom` is called when nothing waits any more. */
  waitBy(reactor: Reactor, onRoom: () => void): void {
    this.#reactor = reactor;
    this.#onRoom = onRoom;
  }

  /** Whether there is a reactor that can wait. */
  get canStart(): boolean {
    return this.#reactor !== undefined;
  }

  /** Whether something waits by the reactor. */
  get isOn(): boolean {
    return this.#patience !== undefined;
  }

  /** Something waits from now on. */
  start(): void {
    const reactor = this.#reactor;
    if (reactor === undefined || this.isOn) return;
    this.#watch(reactor);
    this.#armPatience(reactor);
  }

  /** Something of what waits has been taken: it is worth waiting on. */
  noteProgress(): void {
    this.#hasProgressed = true;
  }

  /** Nothing waits any more: who was held back goes on. */
  stop(): void {
    if (!this.isOn) return;
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#poll?.cancel();
    this.#poll = undefined;
    if (this.#isRegistered) this.#reactor?.rearm(this.#fd, 0);
    this.#onRoom();
  }

  /** To be called before the fd is closed, when nothing waits any more. */
  close(): void {
    if (this.#isRegistered) this.#reactor?.forget(this.#fd);
    this.#isRegistered = false;
  }

  #watch(reactor: Reactor): void {
    if (this.#isRegistered) reactor.rearm(this.#fd, EPOLLOUT);
    else this.#isRegistered = reactor.tryWatch(this.#fd, EPOLLOUT, () => this.#onReady()) >= 0;
    if (!this.#isRegistered) this.#pollLater(reactor);
  }

  /** Where the kernel refuses to watch the fd, for want of memory or as it is of a kind that never waits. */
  #pollLater(reactor: Reactor): void {
    this.#poll = reactor.after(roomPollMs, () => {
      this.#onReady();
      if (this.isOn) this.#watch(reactor);
    });
  }

  #armPatience(reactor: Reactor): void {
    this.#hasProgressed = false;
    this.#patience = reactor.after(patienceMs, () => {
      if (!this.#hasProgressed) this.#waiting.giveUp();
      this.#armPatience(reactor);
      this.#onReady();
    });
  }

  #onReady(): void {
    if (this.isOn && this.#waiting.resume()) this.stop(); // a hang-up is told while nothing waits, too
  }
}
