// One output stream of the container, from its pipe or terminal to the sinks. This is the hot path: read, log,
// fan out, with one buffer for all of it and no queue of its own. What the sinks can't take is not read.

import type { StreamName } from '../stream-name.ts';
import { EPOLLET, EPOLLIN, F_SETPIPE_SZ } from '../sys/constants.ts';
import { EAGAIN, EINTR, EIO } from '../sys/errno.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';

/** Where the bytes go, in this order. */
export interface OutputSinks {
  /** Takes `buf[start, end)`; the bytes before `start` are free to be overwritten. */
  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void;
  /** There is nothing more to read for now. */
  pause(stream: StreamName): void;
  /** There will be nothing more to read. */
  end(stream: StreamName): void;
  /** False while nothing may be read: a log or a client has not yet taken what was read before. */
  hasRoom(): boolean;
}

/** What one read asks for. A read costs the engine the same whatever it brings, so a container that prints without end
 * is read in large pieces. For one that prints little, most of the buffer's pages are never used. */
export const readBytesMax = 256 * 1024;
/** Reads in one turn before the other fds have theirs. */
export const readsPerTurnMax = 4;
/** Capacity of a pipe as it comes. */
const pipeBytes = 64 * 1024;
/** Capacity of the pipe of a container that fills it: fewer waits for both sides. The kernel's limit for those
 * without privilege (/proc/sys/fs/pipe-max-size), and well below what one user may have in all pipes. */
const busyPipeBytes = 512 * 1024;

export class OutputRelay {
  readonly stream: StreamName;
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #isTerminal: boolean;
  readonly #buf: Uint8Array;
  readonly #start: number;
  readonly #sinks: OutputSinks;
  /** What is waited for. A terminal that nobody has open hangs up without end, and may be opened again: one event a
   * change will do. */
  readonly #events: number;
  #fd: number;
  #isRegistered = false;
  #isReading = false;
  #enlarged: boolean;

  /** `buf` has room for {@link readBytesMax} bytes from `start` on; relays may share it. The fd is non-blocking,
   * and the relay's from now on. */
  constructor(
    sys: Sys,
    reactor: Reactor,
    from: { stream: StreamName; fd: number; isTerminal: boolean },
    buf: Uint8Array,
    start: number,
    sinks: OutputSinks,
  ) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.stream = from.stream;
    this.#fd = from.fd;
    this.#isTerminal = from.isTerminal;
    this.#events = from.isTerminal ? EPOLLIN | EPOLLET : EPOLLIN;
    this.#enlarged = from.isTerminal;
    this.#buf = buf;
    this.#start = start;
    this.#sinks = sinks;
  }

  /** Reads whenever there is something, from now on. The first call throws a FatalError where the fd cannot be watched;
   * later ones cannot fail. */
  resume(): void {
    if (this.#isReading || this.#fd < 0) return;
    if (this.#isRegistered) this.#reactor.rearm(this.#fd, this.#events);
    else this.#reactor.watch(this.#fd, this.#events, () => this.#readTurn());
    this.#isRegistered = true;
    this.#isReading = true;
  }

  suspend(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#reactor.rearm(this.#fd, 0);
  }

  /** Reads what is there, until it is empty or `bytesMax` have been read, whether or not there is room: for the
   * end, when what is left is no more than a pipe holds. */
  drain(bytesMax: number): void {
    for (let left = bytesMax; left > 0 && this.#fd >= 0; ) {
      const got = this.#read();
      if (got <= 0) break;
      left -= got;
    }
    this.close();
  }

  /** Nothing is read any more; the sinks learn of the end. */
  close(): void {
    if (this.#fd < 0) return;
    if (this.#isRegistered) this.#reactor.forget(this.#fd);
    this.#isReading = false;
    this.#sys.close(this.#fd);
    this.#fd = -1;
    this.#sinks.end(this.stream);
  }

  #readTurn(): void {
    if (!this.#isReading) return; // a hang-up, which is seen again when reading goes on
    for (let reads = 0; reads < readsPerTurnMax; reads++) {
      if (!this.#sinks.hasRoom()) {
        this.suspend(); // the owner resumes when there is room
        return;
      }
      const got = this.#read();
      if (got === 0) {
        if (this.#fd >= 0) this.#sinks.pause(this.stream);
        return;
      }
      if (got >= pipeBytes) this.#enlargePipe();
      // A pipe gives all that it has: it was empty just now. A terminal gives a line or so at a time.
      if (got < readBytesMax && !this.#isTerminal) {
        this.#sinks.pause(this.stream);
        return;
      }
    }
    // With EPOLLET, what is left is not reported again unless it is asked for anew.
    if (this.#isTerminal && this.#isReading) this.#reactor.rearm(this.#fd, this.#events);
  }

  /** Returns the number of bytes read and passed on, 0 if there is nothing now or no more at all. */
  #read(): number {
    let got: number;
    do got = this.#sys.read(this.#fd, this.#buf, this.#start, readBytesMax);
    while (got === -EINTR);
    if (got > 0) this.#sinks.write(this.stream, this.#buf, this.#start, this.#start + got);
    else if (got !== -EAGAIN && !(got === -EIO && this.#isTerminal)) this.close();
    return Math.max(got, 0);
  }

  #enlargePipe(): void {
    if (this.#enlarged) return;
    this.#enlarged = true;
    this.#sys.fcntl(this.#fd, F_SETPIPE_SZ, busyPipeBytes); // refused to those who have too many: no harm
  }
}
