// The k8s-file driver: lines in, records out, into a file. This is the monitor's hot path: the choice of how the
// bytes are moved is in docs/decisions/log-path.md, with its measurements.

import type { StreamName } from '../stream-name.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { type LogDriver, recordTextBytesMax } from './driver.ts';
import type { LimitedLog } from './limited-log.ts';
import type { LogStream } from './log-stream.ts';
import { RecordBuffer } from './record-buffer.ts';
import { RecordPrefix } from './record-prefix.ts';
import { begunCharacterBytes } from './utf8-cut.ts';

const newline = 0x0a;

/** A line, or the end of one, that has not been written as its newline is not yet there. */
interface Unfinished {
  readonly bytes: Uint8Array;
  length: number;
}

export class K8sFile implements LogDriver {
  readonly #sys: Sys;
  readonly #log: LimitedLog;
  /** What may wait, where the log is no regular file. */
  readonly #stream: LogStream | undefined;
  readonly #records: RecordBuffer;
  readonly #prefix: RecordPrefix;
  readonly #unfinished: Readonly<Record<StreamName, Unfinished>> = {
    stdout: { bytes: new Uint8Array(recordTextBytesMax), length: 0 },
    stderr: { bytes: new Uint8Array(recordTextBytesMax), length: 0 },
  };

  constructor(sys: Sys, log: LimitedLog, stream: LogStream | undefined) {
    this.#sys = sys;
    this.#log = log;
    this.#stream = stream;
    this.#prefix = new RecordPrefix(sys);
    this.#records = new RecordBuffer(this.#prefix.bytes, log);
  }

  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void {
    if (this.#log.isFull) return;
    const unfinished = this.#unfinished[stream];
    const linesEnd = buf.lastIndexOf(newline, end - 1) + 1;
    if (linesEnd <= start && unfinished.length + (end - start) <= recordTextBytesMax) {
      unfinished.bytes.set(buf.subarray(start, end), unfinished.length);
      unfinished.length += end - start;
      return;
    }
    const from = start - unfinished.length;
    if (from < 0) throw new RangeError('No head room in front of the chunk');
    buf.set(unfinished.bytes.subarray(0, unfinished.length), from);
    const records = this.#stamp(stream);
    const left = records.fill(buf, from, linesEnd > start ? linesEnd : from, end);
    records.flush();
    unfinished.length = end - left;
    unfinished.bytes.set(buf.subarray(left, end));
  }

  /** An unfinished line is written as a part, so that a reader sees a prompt; but not the beginning of a character,
   * which is as good as nothing until its rest is there. */
  pause(stream: StreamName): void {
    const { bytes, length } = this.#unfinished[stream];
    this.#writePart(stream, length - begunCharacterBytes(bytes, 0, length));
  }

  end(stream: StreamName): void {
    this.#writePart(stream, this.#unfinished[stream].length);
  }

  get hasRoom(): boolean {
    return this.#stream?.hasRoom ?? true;
  }

  waitBy(reactor: Reactor, onRoom: () => void): void {
    this.#stream?.waitBy(reactor, onRoom);
  }

  finish(): void {
    this.#stream?.finish();
  }

  reopen(): void {
    this.#log.reopen();
  }

  sync(): void {
    this.#log.sync();
  }

  release(): void {
    this.#records.release(this.#sys);
  }

  close(): void {
    this.#log.close();
  }

  /** Writes the first `length` bytes of the unfinished line. */
  #writePart(stream: StreamName, length: number): void {
    if (length === 0) return;
    const unfinished = this.#unfinished[stream];
    const records = this.#stamp(stream);
    records.addPart(unfinished.bytes, 0, length);
    records.flush();
    unfinished.bytes.copyWithin(0, length, unfinished.length);
    unfinished.length -= length;
  }

  /** Gives the records that follow their time. */
  #stamp(stream: StreamName): RecordBuffer {
    this.#prefix.stamp(stream);
    this.#log.setSecond(this.#prefix.second);
    return this.#records;
  }
}
