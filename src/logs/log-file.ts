// The open log file: whole records in, and no torn one left behind when the disk fills in the middle of one. A log that
// is no regular file is ./log-stream.ts.

import { EINTR, EIO, errorWords } from '../sys/errno.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Sys } from '../sys/sys.ts';
import type { OpenLog, Warn } from './driver.ts';
import { LogLosses } from './log-losses.ts';

const newline = 0x0a;

/** Writes records. What the disk did not take is lost and counted, but for the rest of a record whose beginning
 * it took: that is kept, and comes first as soon as there is room. */
export class LogFile implements OpenLog {
  readonly #sys: Sys;
  readonly #path: string;
  readonly #warn: Warn;
  readonly #losses: LogLosses;
  #fd: number;
  #size = 0;
  #total = 0;
  #torn: Uint8Array | undefined; // what is still to be written of the last record in the file
  #tornWritten = 0; // how much of it is in the file
  #tornEnd = 0; // where the file ended then

  /** `fd` is open for appending, and the file's from now on. */
  constructor(sys: Sys, fd: number, path: string, warn: Warn) {
    this.#sys = sys;
    this.#fd = fd;
    this.#path = path;
    this.#warn = warn;
    this.#losses = new LogLosses(path, warn);
    this.#total = this.#readSize();
  }

  get fd(): number {
    return this.#fd;
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** Bytes written in all, and those that were there at the start. */
  get total(): number {
    return this.#total;
  }

  /** Writes `buf[0, length)`, which are whole records. */
  append(buf: Uint8Array, length: number): void {
    if (this.#torn && !this.#finishRecord()) {
      this.#losses.add(length);
      return;
    }
    const written = this.#write(buf, length);
    const torn = written > 0 && buf[written - 1] !== newline;
    const recordStart = torn ? buf.lastIndexOf(newline, written - 1) + 1 : written;
    const recordEnd = torn ? buf.indexOf(newline, written) + 1 : written;
    if (torn) {
      this.#torn = new Uint8Array(buf.subarray(written, recordEnd)); // a copy: the buffer is used again
      this.#tornWritten = written - recordStart;
      this.#tornEnd = this.#readEnd();
    }
    this.#count(recordEnd);
    this.#losses.add(length - recordEnd);
  }

  /** Goes on with another file, that nothing is in yet. */
  replace(fd: number): void {
    this.#finishTorn();
    this.#losses.add(this.#torn?.length ?? 0);
    this.#torn = undefined;
    this.#sys.close(this.#fd);
    this.#fd = fd;
    this.#readSize();
  }

  sync(): void {
    this.#finishTorn();
    const answer = this.#sys.fsync(this.#fd);
    if (answer < 0) this.#warn(`Failed to sync log file ${this.#path}: ${errorWords(answer)}`);
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#finishTorn();
    this.#losses.report();
    this.#sys.close(this.#fd);
    this.#fd = -1;
  }

  /** A last try for the rest of a torn record; where there is still no room, its beginning goes as well. */
  #finishTorn(): void {
    if (!this.#torn || this.#finishRecord()) return;
    if (this.#sys.ftruncate(this.#fd, this.#tornEnd - this.#tornWritten) < 0) return;
    this.#forgetTorn();
  }

  /** Returns true when nothing is left to be written of a torn record: it is written, or was not ours to finish. */
  #finishRecord(): boolean {
    const rest = this.#torn!;
    // Somebody else has cut the file or added to it: what we have is the end of nothing.
    if (this.#tornEnd < 0 || this.#readEnd() !== this.#tornEnd) {
      this.#forgetTorn();
      return true;
    }
    const written = this.#write(rest, rest.length);
    this.#tornWritten += written;
    this.#torn = written === rest.length ? undefined : rest.subarray(written);
    if (this.#torn && written > 0) this.#tornEnd = this.#readEnd();
    return this.#torn === undefined;
  }

  /** The whole record is lost. */
  #forgetTorn(): void {
    const recordBytes = this.#tornWritten + this.#torn!.length;
    this.#torn = undefined;
    this.#count(-recordBytes);
    this.#losses.add(recordBytes);
  }

  /** Where the file ends now; -1 where that cannot be told. */
  #readEnd(): number {
    const stat = new FileStat();
    return this.#sys.fstat(this.#fd, stat) < 0 ? -1 : stat.size;
  }

  /** Returns how much of it was written: all, unless the file is failing. */
  #write(buf: Uint8Array, length: number): number {
    let done = 0;
    while (done < length) {
      const answer = this.#sys.write(this.#fd, buf, done, length - done);
      if (answer > 0) done += answer;
      else if (answer !== -EINTR) {
        this.#losses.begin(errorWords(answer || -EIO));
        return done;
      }
    }
    this.#losses.end();
    return done;
  }

  #count(bytes: number): void {
    this.#size += bytes;
    this.#total += bytes;
  }

  #readSize(): number {
    this.#size = Math.max(0, this.#readEnd());
    return this.#size;
  }
}
