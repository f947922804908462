// The way into the container: one bounded queue before its stdin, which is a pipe, or the terminal's master. Nothing
// waits here, so that a container that does not read can still be read from.

import { EPOLLERR, EPOLLHUP, EPOLLOUT, F_GETFL, F_SETFL, O_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, EINTR, EIO, errorWords } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';

/** From this length of the queue on, no more input is asked for. */
const queueBytesMax = 256 * 1024;
/** Input is asked for again when the queue has become this short. */
const queueBytesLow = queueBytesMax / 2;
/** What a piece takes next to its bytes: input that comes a byte at a time is bounded too. */
const pieceExtraBytes = 256;
/** A stdin that the kernel tells nothing about is tried again after 5 ms, then after twice as long each time, up to a
 * second. */
const restMsMin = 5;
const restMsMax = 1000;

export class ContainerStdin {
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #onRoom: () => void;
  readonly #warn: (message: string) => void;
  /** What waits, in the pieces in which it came. A program that reads in blocks relies on it: each piece is offered
   * whole, as a piece of one write is what one read of it gets. */
  readonly #pieces: Uint8Array[] = [];
  /** Where the first of them goes on. */
  #offset = 0;
  /** What they take. */
  #bytes = 0;
  #fd = -1;
  #ended = false;
  #closed = false;
  #full = false;
  #isRegistered = false;
  #isWaiting = false;
  #hasWarned = false;
  #rest: Timer | undefined;
  #restMs = restMsMin;

  /** `onRoom` is called when input is wanted again after an `accept` that returned false. */
  constructor(sys: Sys, reactor: Reactor, onRoom: () => void, warn: (message: string) => void) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.#onRoom = onRoom;
    this.#warn = warn;
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
    this.#flush();
  }

  /** Writes `buf[start, end)`, or queues a copy; after the end, or when nobody reads any more, forgets it. False
   * asks for no more until `onRoom`: what is given meanwhile is queued beyond the bound. */
  accept(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#ended || this.#closed) return true;
    const rest = this.#pieces.length === 0 && this.#fd >= 0 ? this.#write(buf, start, end) : start;
    if (rest < end) {
      this.#pieces.push(buf.slice(rest, end));
      this.#bytes += pieceExtraBytes + end - rest;
      this.#wait();
    }
    this.#full ||= this.#bytes >= queueBytesMax;
    return !this.#full;
  }

  /** No more input will come: the fd is closed once the queue is written, which may be when it gets its fd. */
  end(): void {
    this.#ended = true;
    if (this.#fd >= 0 && this.#pieces.length === 0) this.close();
  }

  /** Closes the fd at once, and forgets what is queued. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest?.cancel();
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.#isWaiting = false;
    if (this.#isRegistered) this.#reactor.forget(this.#fd);
    if (this.#fd >= 0) this.#sys.close(this.#fd);
    this.#fd = -1;
    this.#tellRoom();
  }

  #flush(): void {
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0]!;
      this.#offset = this.#write(piece, this.#offset, piece.length);
      if (this.#closed) return;
      if (this.#offset < piece.length) break;
      this.#pieces.shift();
      this.#offset = 0;
      this.#bytes -= pieceExtraBytes + piece.length;
    }
    if (this.#ended && this.#pieces.length === 0) {
      this.close();
      return;
    }
    this.#wait();
    if (this.#bytes <= queueBytesLow) this.#tellRoom();
  }

  /** Writes `buf[start, end)`. Returns where the rest begins that has to wait: at `end` also when it is of no use to
   * anybody any more. */
  #write(buf: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const written = this.#sys.write(this.#fd, buf, at, end - at);
      if (written === -EINTR) continue;
      if (written <= 0) return this.#isForNobody(written) ? end : at;
      this.#restMs = restMsMin;
      at += written;
    }
    return end;
  }

  #isForNobody(errno: number): boolean {
    if (errno === -EIO) this.#restAWhile();
    else if (errno < 0 && errno !== -EAGAIN) this.close();
    return this.#closed;
  }

  /** Watches the fd while something waits. It stays registered then: only registering can be refused. */
  #wait(): void {
    const wanted = this.#fd >= 0 && this.#pieces.length > 0 && !this.#rest;
    if (wanted === this.#isWaiting) return;
    if (this.#isRegistered) this.#reactor.rearm(this.#fd, wanted ? EPOLLOUT : 0);
    else if (!this.#register()) return;
    this.#isWaiting = wanted;
  }

  /** Where the kernel has no memory for that, it is tried again by the clock, as the next write is. */
  #register(): boolean {
    const answer = this.#reactor.tryWatch(this.#fd, EPOLLOUT, events => this.#handle(events));
    this.#isRegistered = answer >= 0;
    if (this.#isRegistered) return true;
    if (!this.#hasWarned) this.#warn(`Failed to watch the container's stdin: ${errorWords(answer)}`);
    this.#hasWarned = true;
    this.#restAWhile();
    return false;
  }

  #handle(events: number): void {
    if (!this.#isWaiting) return; // it hangs up, and nothing waits for it
    this.#flush();
    // A terminal that nobody has open reports that all the time, whether or not it takes anything.
    if (!this.#isWaiting || (events & (EPOLLHUP | EPOLLERR)) === 0) return;
    this.#restAWhile();
    this.#wait();
  }

  #restAWhile(): void {
    if (this.#rest) return;
    this.#rest = this.#reactor.after(this.#restMs, () => {
      this.#rest = undefined;
      this.#flush();
    });
    this.#restMs = Math.min(restMsMax, 2 * this.#restMs);
  }

  #tellRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#onRoom();
  }
}
