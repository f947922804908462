// Lines -> records, in one reused buffer that is handed on when it is full. Nothing is allocated on the way.

import { MADV_DONTNEED } from '../sys/constants.ts';
import type { Sys } from '../sys/sys.ts';
import { recordTextBytesMax } from './driver.ts';
import { type FillLines, fillLines, stateNumbers, stateOf, tagPart } from './fill-lines.ts';
import { prefixBytes, tagAt } from './record-prefix.ts';
import { cutLine } from './utf8-cut.ts';

/** Where records go. */
export interface RecordSink {
  /** How many bytes of records may gather until {@link spill} has to be asked. */
  readonly gatherBytesMax: number;
  /** Takes `bytes[0, length)`, whole records. */
  take(bytes: Uint8Array, length: number): void;
  /** More has gathered: `bytes[0, length)`, with the last record from `last` on. Takes some or
   * all of it, moves what is left to the beginning of `bytes`, and returns its length. */
  spill(bytes: Uint8Array, last: number, length: number): number;
}

/** It is filled several times for a whole read. More of it is no faster, but more memory. */
const bufferBytes = 128 * 1024;
const newline = 0x0a;
const recordBytesMax = prefixBytes + recordTextBytesMax + 1;
const gatherBytesMax = bufferBytes - recordBytesMax;

/** The executable's. */
declare const conmonFillLines: FillLines | undefined;
const fastestFillLines = typeof conmonFillLines === 'undefined' ? fillLines : conmonFillLines;

export class RecordBuffer {
  readonly #prefix: Uint8Array;
  readonly #sink: RecordSink;
  readonly #fillLines: FillLines;
  readonly #bytes = new Uint8Array(bufferBytes);
  readonly #state = new Int32Array(stateNumbers);
  #length = 0;

  /** `prefix` has the bytes that every record starts with; they may change between calls. */
  constructor(prefix: Uint8Array, sink: RecordSink, fill: FillLines = fastestFillLines) {
    this.#prefix = prefix;
    this.#sink = sink;
    this.#fillLines = fill;
  }

  /**
   * Makes records of `buf[start, end)`, whose last newline is the byte before `linesEnd` (`start` if there is
   * none). Returns where the unfinished line begins that is left over, of at most 8192 bytes.
   */
  fill(buf: Uint8Array, start: number, linesEnd: number, end: number): number {
    this.#addLines(buf, start, linesEnd);
    let left = linesEnd;
    while (end - left > recordTextBytesMax) {
      const cut = cutLine(buf, left);
      this.addPart(buf, left, cut);
      left = cut;
    }
    return left;
  }

  /** Adds a P record of the text `buf[start, end)`. */
  addPart(buf: Uint8Array, start: number, end: number): void {
    const record = this.#length;
    this.#bytes.set(this.#prefix, record);
    this.#bytes[record + tagAt] = tagPart;
    this.#bytes.set(buf.subarray(start, end), record + prefixBytes);
    this.#length = record + prefixBytes + (end - start);
    this.#bytes[this.#length++] = newline;
    if (this.#length > this.#limit()) this.#length = this.#spill(record, this.#length);
  }

  /** Hands on what there is. */
  flush(): void {
    if (this.#length > 0) this.#sink.take(this.#bytes, this.#length);
    this.#length = 0;
  }

  /** Gives the memory back that records have used; there are none between {@link flush} and the next {@link fill}. */
  release(sys: Sys): void {
    sys.madvise(this.#bytes, MADV_DONTNEED);
  }

  #addLines(buf: Uint8Array, start: number, linesEnd: number): void {
    const state = this.#state;
    state[stateOf.from] = start;
    state[stateOf.to] = this.#length;
    state[stateOf.linesEnd] = linesEnd;
    state[stateOf.limit] = this.#limit();
    while (this.#fillLines(buf, this.#bytes, this.#prefix, state)) {
      state[stateOf.to] = this.#spill(state[stateOf.record]!, state[stateOf.to]!);
      state[stateOf.limit] = this.#limit();
    }
    this.#length = state[stateOf.to]!;
  }

  /** Below 0 all are alike, and the sink's may be more than 32 bits hold. */
  #limit(): number {
    return Math.max(0, Math.min(gatherBytesMax, this.#sink.gatherBytesMax));
  }

  /** Returns how much is left in the buffer. */
  #spill(last: number, length: number): number {
    const left = this.#sink.spill(this.#bytes, last, length);
    if (left <= gatherBytesMax) return left;
    this.#sink.take(this.#bytes, left);
    return 0;
  }
}
