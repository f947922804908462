// The one place that waits. Handlers run to completion, in the order in which the kernel reported their fds; a
// handler may watch, change or forget any fd, its own too, and no stale event reaches an fd forgotten meanwhile.

import { ClockTime } from './clock-time.ts';
import { CLOCK_MONOTONIC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET } from './constants.ts';
import { EINTR } from './errno.ts';
import { FatalError } from './errors.ts';
import type { Sys } from './sys.ts';

/** Called with the EPOLL* bits that hold for the fd. */
export type FdHandler = (events: number) => void;

export interface Timer {
  cancel(): void;
}

// It must not refer to itself: the engine counts references, and what is over is then freed without a collection.
class Deadline implements Timer {
  readonly atMs: number;
  readonly run: () => void;
  readonly #all: Set<Deadline>;

  constructor(all: Set<Deadline>, atMs: number, run: () => void) {
    this.#all = all;
    this.atMs = atMs;
    this.run = run;
    all.add(this);
  }

  cancel(): void {
    this.#all.delete(this);
  }
}

/** How many fds one call of epoll_wait can report; more only take another turn. */
const eventsPerTurnMax = 64;
const noFd = -1;
/** The longest wait that epoll_wait takes; one that is longer is waited for in turns. */
const waitMsMax = 0x7fffffff;

export class Reactor {
  readonly #sys: Sys;
  readonly #epfd: number;
  readonly #handlers = new Map<number, FdHandler>();
  readonly #events = new Int32Array(2 * eventsPerTurnMax);
  readonly #clock = new ClockTime();
  readonly #deadlines = new Set<Deadline>();
  /** How many of #events this turn got. */
  #eventsCount = 0;

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#epfd = sys.epollCreate();
    if (this.#epfd < 0)
      throw new FatalError('Failed to create epoll', { errno: this.#epfd, syscall: 'epoll_create1' });
  }

  /**
   * Calls `handler` whenever one of `events` (EPOLLIN, EPOLLOUT, …) holds for the fd. With 0 only a hang-up or an error
   * is reported, and once: it lasts, and would be reported again and again.
   *
   * Throws a {@link FatalError} where the kernel refuses. Only this and {@link tryWatch} can be refused, for want of
   * memory or as the fd is a file: what is to be watched on and off stays registered, and {@link rearm} changes what for.
   */
  watch(fd: number, events: number, handler: FdHandler): void {
    const answer = this.tryWatch(fd, events, handler);
    if (answer < 0) fail(fd, answer);
  }

  /** The same for those who have another way where the kernel refuses. Returns 0 or -errno. */
  tryWatch(fd: number, events: number, handler: FdHandler): number {
    if (this.#handlers.has(fd)) throw new Error(`fd ${fd} is watched already`);
    const answer = this.#sys.epollCtl(this.#epfd, EPOLL_CTL_ADD, fd, bitsOf(events));
    if (answer >= 0) this.#handlers.set(fd, handler);
    return answer;
  }

  /** Changes which events are waited for; `events` as for {@link watch}. The kernel needs no memory for it. */
  rearm(fd: number, events: number): void {
    if (!this.#handlers.has(fd)) throw new Error(`fd ${fd} is not watched`);
    const answer = this.#sys.epollCtl(this.#epfd, EPOLL_CTL_MOD, fd, bitsOf(events));
    if (answer < 0) fail(fd, answer);
  }

  /** Stops watching; to be called before the fd is closed, which is why it does not matter what the kernel says. */
  forget(fd: number): void {
    if (!this.#handlers.delete(fd)) return;
    this.#sys.epollCtl(this.#epfd, EPOLL_CTL_DEL, fd, 0);
    // The number may be another file's before this turn is over: what was reported is not about that one.
    for (let i = 0; i < this.#eventsCount; i++) if (this.#events[2 * i] === fd) this.#events[2 * i] = noFd;
  }

  /** Calls `run` once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer {
    return new Deadline(this.#deadlines, this.nowMs() + ms, run);
  }

  /** Milliseconds of the monotonic clock. */
  nowMs(): number {
    this.#sys.clockGettime(CLOCK_MONOTONIC, this.#clock);
    return this.#clock.ms;
  }

  /** The epoll instance, for another loop to wait for: it is readable while an fd is due, and says nothing of deadlines. */
  get fd(): number {
    return this.#epfd;
  }

  /** One turn: waits until an fd or a deadline is due, and calls what is due. A wait of weeks takes several turns. */
  turn(): void {
    this.#turn(this.#timeoutMs());
  }

  /** A turn that waits for nothing. */
  turnAtOnce(): void {
    this.#turn(0);
  }

  #turn(timeoutMs: number): void {
    const count = this.#sys.epollWait(this.#epfd, this.#events, timeoutMs);
    if (count < 0 && count !== -EINTR)
      throw new FatalError('Failed to wait', { errno: count, syscall: 'epoll_wait' });
    this.#eventsCount = Math.max(count, 0);
    for (let i = 0; i < count; i++) this.#handlers.get(this.#events[2 * i]!)?.(this.#events[2 * i + 1]!);
    this.#runDeadlines();
  }

  #timeoutMs(): number {
    if (this.#deadlines.size === 0) return -1;
    let next = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#deadlines) next = Math.min(next, atMs);
    return Math.min(waitMsMax, Math.max(0, Math.ceil(next - this.nowMs())));
  }

  #runDeadlines(): void {
    if (this.#deadlines.size === 0) return;
    const now = this.nowMs();
    for (const deadline of [...this.#deadlines]) {
      if (deadline.atMs > now || !this.#deadlines.delete(deadline)) continue; // or cancelled by one before it
      deadline.run();
    }
  }
}

function fail(fd: number, errno: number): never {
  throw new FatalError(`Failed to watch fd ${fd}`, { errno, syscall: 'epoll_ctl' });
}

/** With EPOLLET among them, `|` has made a negative number of the bits. */
function bitsOf(events: number): number {
  return (events || EPOLLET) >>> 0;
}
