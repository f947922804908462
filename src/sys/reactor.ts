// The one place that waits. Handlers run to completion, in the order in which the kernel reported their fds; a
// handler may watch, change or forget any fd, its own too, and no stale event reaches an fd forgotten meanwhile.

import { CLOCK_MONOTONIC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from './constants.ts';
import { EINTR } from './errno.ts';
import { FatalError } from './errors.ts';
import type { Sys } from './sys.ts';

/** Called with the EPOLL* bits that hold for the fd. */
export type FdHandler = (events: number) => void;

export interface Timer {
  cancel(): void;
}

interface Deadline extends Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** How many fds one call of epoll_wait can report; more only take another turn. */
const eventsPerTurnMax = 64;
const noFd = -1;

export class Reactor {
  readonly #sys: Sys;
  readonly #epfd: number;
  readonly #handlers = new Map<number, FdHandler>();
  readonly #events = new Int32Array(2 * eventsPerTurnMax);
  readonly #clock = new Float64Array(2);
  #deadlines: Deadline[] = [];
  /** How many of #events this turn got. */
  #eventsCount = 0;

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#epfd = sys.epollCreate();
    if (this.#epfd < 0)
      throw new FatalError('Failed to create epoll', { errno: this.#epfd, syscall: 'epoll_create1' });
  }

  /** Calls `handler` whenever one of `events` (EPOLLIN, EPOLLOUT, …; 0 for hang-ups only) holds for the fd. */
  watch(fd: number, events: number, handler: FdHandler): void {
    if (this.#handlers.has(fd)) throw new Error(`fd ${fd} is watched already`);
    this.#control(EPOLL_CTL_ADD, fd, events);
    this.#handlers.set(fd, handler);
  }

  /** Changes which events are waited for. */
  rearm(fd: number, events: number): void {
    if (!this.#handlers.has(fd)) throw new Error(`fd ${fd} is not watched`);
    this.#control(EPOLL_CTL_MOD, fd, events);
  }

  /** Stops watching; to be called before the fd is closed. */
  forget(fd: number): void {
    if (!this.#handlers.delete(fd)) return;
    this.#control(EPOLL_CTL_DEL, fd, 0);
    // The number may be another file's before this turn is over: what was reported is not about that one.
    for (let i = 0; i < this.#eventsCount; i++) if (this.#events[2 * i] === fd) this.#events[2 * i] = noFd;
  }

  /** Calls `run` once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer {
    const deadline: Deadline = {
      atMs: this.nowMs() + ms,
      run,
      cancel: () => {
        this.#deadlines = this.#deadlines.filter(other => other !== deadline);
      },
    };
    this.#deadlines.push(deadline);
    return deadline;
  }

  /** Milliseconds of the monotonic clock. */
  nowMs(): number {
    this.#sys.clockGettime(CLOCK_MONOTONIC, this.#clock);
    return this.#clock[0]! * 1000 + this.#clock[1]! / 1e6;
  }

  /** One turn: waits until an fd or a deadline is due, or `waitMaxMs` has passed, and calls what is due. */
  turn(waitMaxMs = -1): void {
    const count = this.#sys.epollWait(this.#epfd, this.#events, this.#timeoutMs(waitMaxMs));
    if (count < 0 && count !== -EINTR)
      throw new FatalError('Failed to wait', { errno: count, syscall: 'epoll_wait' });
    this.#eventsCount = Math.max(count, 0);
    for (let i = 0; i < count; i++) this.#handlers.get(this.#events[2 * i]!)?.(this.#events[2 * i + 1]!);
    this.#runDeadlines();
  }

  #timeoutMs(waitMaxMs: number): number {
    if (this.#deadlines.length === 0) return waitMaxMs;
    const next = Math.min(...this.#deadlines.map(deadline => deadline.atMs));
    const ms = Math.max(0, Math.ceil(next - this.nowMs()));
    return waitMaxMs < 0 ? ms : Math.min(ms, waitMaxMs);
  }

  #runDeadlines(): void {
    if (this.#deadlines.length === 0) return;
    const now = this.nowMs();
    for (const deadline of this.#deadlines.filter(({ atMs }) => atMs <= now)) {
      if (!this.#deadlines.includes(deadline)) continue; // cancelled by one before it
      deadline.cancel();
      deadline.run();
    }
  }

  #control(op: number, fd: number, events: number): void {
    const answer = this.#sys.epollCtl(this.#epfd, op, fd, events);
    if (answer < 0) throw new FatalError(`Failed to watch fd ${fd}`, { errno: answer, syscall: 'epoll_ctl' });
  }
}
