// The way into the container: one bounded queue before its stdin, which is a pipe, or the terminal's master. Nothing
// waits here, so that a container that does not read can still be read from.

import { EPOLLERR, EPOLLHUP, EPOLLOUT, F_GETFL, F_SETFL, O_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, EINTR, EIO } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { PieceQueue, pieceBytesMax, SlabPool } from './piece-queue.ts';

/** Above this many queued slabs, 256 KiB, no more input is asked for … */
const queueSlabsMax = 4;
/** … until it has sunk to this many. */
const queueSlabsLow = 2;
/** A terminal that nobody has open is tried again after 5 ms, then after twice as long each time, up to a second. */
const terminalRestMsMin = 5;
const terminalRestMsMax = 1000;

export class ContainerStdin {
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #onRoom: () => void;
  readonly #pool = new SlabPool(queueSlabsMax);
  readonly #queue = new PieceQueue(this.#pool);
  #fd = -1;
  #ended = false;
  #closed = false;
  #full = false;
  #watched = false;
  #rest: Timer | undefined;
  #restMs = terminalRestMsMin;

  /** `onRoom` is called when input is wanted again after an `accept` that answered false. */
  constructor(sys: Sys, reactor: Reactor, onRoom: () => void) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.#onRoom = onRoom;
  }

  /** The container's stdin is there: takes over `fd`, makes it non-blocking and writes what has come so far. */
  attachTo(fd: number): void {
    if (this.#closed) {
      this.#sys.close(fd);
      return;
    }
    const flags = this.#sys.fcntl(fd, F_GETFL, 0);
    if (flags >= 0) this.#sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    this.#fd = fd;
    this.#flush(0);
  }

  /** Writes `buf[start, end)`, or queues a copy; after the end, or when nobody reads any more, forgets it. False
   * asks for no more until `onRoom`: what is given meanwhile is queued beyond the bound. */
  accept(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#ended || this.#closed) return true;
    const rest = this.#queue.bytes === 0 && this.#fd >= 0 ? this.#writeDirectly(buf, start, end) : start;
    for (let at = rest; at < end; at += pieceBytesMax) {
      this.#queue.push(buf, at, Math.min(end, at + pieceBytesMax));
    }
    if (rest < end) this.#watch();
    this.#full ||= this.#queue.slabs >= queueSlabsMax;
    return !this.#full;
  }

  /** No more input will come: the fd is closed once the queue is written, which may be when it gets its fd. */
  end(): void {
    this.#ended = true;
    if (this.#fd >= 0 && this.#queue.bytes === 0) this.close();
  }

  /** Closes the fd at once, and forgets what is queued. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest?.cancel();
    this.#queue.clear();
    this.#pool.release();
    if (this.#watched) this.#reactor.forget(this.#fd);
    this.#watched = false;
    if (this.#fd >= 0) this.#sys.close(this.#fd);
    this.#fd = -1;
    this.#tellRoom();
  }

  // Answers where the rest begins that has to wait: at `end` also when it is of no use to anybody any more.
  #writeDirectly(buf: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const written = this.#write(buf, at, end - at);
      if (written < 0) return this.#closed ? end : at;
      at += written;
    }
    return at;
  }

  #flush(events: number): void {
    const queue = this.#queue;
    while (queue.bytes > 0) {
      const written = this.#write(queue.slab, queue.offset, queue.length);
      if (written < 0) break;
      queue.drop(written);
    }
    if (this.#closed) return;
    if (this.#ended && queue.bytes === 0) {
      this.close();
      return;
    }
    // A terminal that nobody has open reports its hang-up all the time, whether or not it takes anything.
    if (queue.bytes > 0 && events & (EPOLLHUP | EPOLLERR)) this.#restAWhile();
    this.#watch();
    if (queue.slabs <= queueSlabsLow) this.#tellRoom();
  }

  // Answers the count written, or -EAGAIN when the rest has to wait or has been forgotten.
  #write(buf: Uint8Array, offset: number, length: number): number {
    let written: number;
    do written = this.#sys.write(this.#fd, buf, offset, length);
    while (written === -EINTR);
    if (written > 0) {
      this.#restMs = terminalRestMsMin;
      return written;
    }
    if (written === -EIO) this.#restAWhile();
    else if (written < 0 && written !== -EAGAIN) this.close();
    return -EAGAIN;
  }

  // Only while something waits: a pipe whose reader has gone would report that for ever.
  #watch(): void {
    const wanted = this.#fd >= 0 && this.#queue.bytes > 0 && !this.#rest;
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    if (wanted) this.#reactor.watch(this.#fd, EPOLLOUT, events => this.#flush(events));
    else this.#reactor.forget(this.#fd);
  }

  #restAWhile(): void {
    if (this.#rest) return;
    this.#rest = this.#reactor.after(this.#restMs, () => {
      this.#rest = undefined;
      this.#flush(0);
    });
    this.#restMs = Math.min(terminalRestMsMax, 2 * this.#restMs);
  }

  #tellRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#onRoom();
  }
}
