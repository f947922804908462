// A log that is no regular file: a fifo, a terminal, a device. It may take nothing for as long as its reader likes, so
// it is never waited for in write: what it does not take is kept, and the container held back.

import { EAGAIN, EINTR, EIO, errorWords } from '../sys/errno.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import type { OpenLog, Warn } from './driver.ts';
import { LogLosses } from './log-losses.ts';
import { RoomWait } from './room-wait.ts';
import { RoomWatch } from './room-watch.ts';

/** What may wait before it is waited for in place: what one read becomes, and what a container leaves in its pipes, but
 * for a flood of lines of no more than two bytes. */
export const waitingBytesMax = 4 * 1024 * 1024;
/** In place: how long a log may take nothing, and all of it together, in milliseconds. */
export const stillMsMax = 2000;
export const finishMsMax = 10_000;

const newline = 0x0a;

export class LogStream implements OpenLog {
  /** Nothing that could be limited. */
  readonly size = 0;
  readonly #sys: Sys;
  #fd: number;
  readonly #losses: LogLosses;
  readonly #watch: RoomWatch;
  readonly #wait: RoomWait;
  #total = 0;
  /** Pieces that end with a record; the first one may begin in the middle of one. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Whether the last byte that was taken was not a record's last. */
  #isTorn = false;
  /** Whether it is worth waiting for: not from when it was given up until something is taken again. */
  #isPatient = true;
  /** Why the last write that was refused was. */
  #errno = 0;

  /** `fd` does not block, and is the log's from now on. */
  constructor(sys: Sys, fd: number, path: string, warn: Warn) {
    this.#sys = sys;
    this.#fd = fd;
    this.#losses = new LogLosses(path, warn);
    this.#watch = new RoomWatch(fd, { resume: () => this.#resume(), giveUp: () => this.#giveUp() });
    this.#wait = new RoomWait(sys, fd);
  }

  /** Bytes of the records that were taken or still wait. */
  get total(): number {
    return this.#total;
  }

  get hasRoom(): boolean {
    return !this.#watch.isOn;
  }

  waitBy(reactor: Reactor, onRoom: () => void): void {
    this.#watch.waitBy(reactor, onRoom);
  }

  append(buf: Uint8Array, length: number): void {
    this.#total += length;
    if (!this.#watch.isOn) this.#flush(); // the rest of a torn record, where there is one
    const written = this.#waitingBytes > 0 ? 0 : this.#write(buf, length);
    if (written === length) return;
    this.#waiting.push(new Uint8Array(buf.subarray(written, length))); // a copy: the buffer is used again
    this.#waitingBytes += length - written;
    if (!this.#mayWait) this.#dropWaiting();
    else if (this.#watch.canStart && this.#waitingBytes <= waitingBytesMax) this.#watch.start();
    else this.finish();
  }

  /** Waits in place, within bounds, until all is taken. */
  finish(): void {
    const endMs = this.#wait.nowMs() + finishMsMax;
    while (!this.#resume()) {
      const before = this.#waitingBytes;
      const ms = Math.min(stillMsMax, endMs - this.#wait.nowMs());
      if (!this.#wait.retry(ms, () => this.#resume() || this.#waitingBytes < before)) this.#giveUp();
    }
    this.#watch.stop();
  }

  sync(): void {}

  close(): void {
    if (this.#fd < 0) return;
    this.finish();
    this.#losses.add(this.#waitingBytes);
    this.#losses.report();
    this.#wait.close();
    this.#watch.close();
    this.#sys.close(this.#fd);
    this.#fd = -1;
  }

  /** Whether what was not taken is worth keeping. */
  get #mayWait(): boolean {
    return this.#isPatient && this.#errno === -EAGAIN;
  }

  #resume(): boolean {
    this.#flush();
    if (this.#waitingBytes > 0 && this.#mayWait) return false;
    this.#dropWaiting();
    return true;
  }

  #giveUp(): void {
    this.#isPatient = false;
    this.#losses.begin('it takes no more');
    this.#dropWaiting();
  }

  /** All that waits is lost but for the rest of a record whose beginning was taken. */
  #dropWaiting(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    const rest = new Uint8Array(first.subarray(0, this.#isTorn ? first.indexOf(newline) + 1 : 0));
    const lost = this.#waitingBytes - rest.length;
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#waitingBytes = rest.length;
    this.#total -= lost;
    this.#losses.add(lost);
  }

  /** Writes of what waits as much as is taken. */
  #flush(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const written = this.#write(first, first.length);
      this.#waitingBytes -= written;
      if (written < first.length) {
        this.#waiting[0] = first.subarray(written);
        return;
      }
      this.#waiting.shift();
    }
  }

  /** Returns how much of `buf[0, length)` was taken; why it was not more is in #errno. */
  #write(buf: Uint8Array, length: number): number {
    let done = 0;
    while (done < length) {
      const answer = this.#sys.write(this.#fd, buf, done, length - done);
      if (answer === -EINTR) continue;
      if (answer <= 0) {
        this.#errno = answer || -EIO;
        if (this.#errno !== -EAGAIN) this.#losses.begin(errorWords(this.#errno));
        break;
      }
      done += answer;
    }
    if (done > 0) {
      this.#isTorn = buf[done - 1] !== newline;
      this.#isPatient = true;
      this.#watch.noteProgress();
    }
    if (done === length) this.#losses.end();
    return done;
  }
}
