// Lines -> records, in one reused buffer that is handed on when it is full. Nothing is allocated on the way.

import { recordTextBytesMax } from './driver.ts';
import { prefixBytes, prefixWords, tagAt } from './record-prefix.ts';

/** Where records go. */
export interface RecordSink {
  /** How many bytes of records may gather until {@link spill} has to be asked. */
  readonly gatherBytesMax: number;
  /** Takes `bytes[0, length)`, whole records. */
  take(bytes: Uint8Array, length: number): void;
  /** More has gathered: `bytes[0, length)`, with the last record from `last` on. Takes some or
   * all of it, moves what is left to the beginning of `bytes`, and answers its length. */
  spill(bytes: Uint8Array, last: number, length: number): number;
}

/** Two or three fills of it take a pipe's worth of short lines. More of it is no faster, but more memory. */
const bufferBytes = 128 * 1024;
/** From here on a line is cheaper to copy by a call of the engine than word by word. */
const wordCopyBytesMax = 128;
const newline = 0x0a;
const newlineWord = 0x0a0a0a0a;
const tagPart = 0x50;
/** A record, and the up to three bytes that a word's store goes past its end. */
const recordBytesMax = prefixBytes + recordTextBytesMax + 1;
const gatherBytesMax = bufferBytes - recordBytesMax - 3;

export class RecordBuffer {
  readonly #prefix: DataView;
  readonly #sink: RecordSink;
  readonly #bytes: Buffer;
  readonly #words: DataView;
  #length = 0;
  #source: Uint8Array | undefined;
  #input: Buffer;
  #inputWords: DataView;

  /** `prefix` has the words that every record starts with; they may change between calls. */
  constructor(prefix: DataView, sink: RecordSink) {
    this.#prefix = prefix;
    this.#sink = sink;
    const memory = new ArrayBuffer(bufferBytes);
    this.#bytes = Buffer.from(memory);
    this.#words = new DataView(memory);
    this.#input = this.#bytes;
    this.#inputWords = this.#words;
  }

  /**
   * Makes records of `buf[start, end)`, whose last newline is the byte before `linesEnd` (`start` if there is
   * none). Answers where the unfinished line begins that is left over, of at most 8192 bytes.
   */
  fill(buf: Uint8Array, start: number, linesEnd: number, end: number): number {
    this.#look(buf);
    this.#fillLines(start, linesEnd);
    let left = linesEnd;
    for (; end - left > recordTextBytesMax; left += recordTextBytesMax) {
      this.addPart(buf, left, left + recordTextBytesMax);
    }
    return left;
  }

  /** Adds a P record of the text `buf[start, end)`. */
  addPart(buf: Uint8Array, start: number, end: number): void {
    const record = this.#length;
    for (let i = 0; i < prefixWords; i++)
      this.#words.setInt32(record + 4 * i, this.#prefix.getInt32(4 * i, true), true);
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

  #limit(): number {
    return Math.min(gatherBytesMax, this.#sink.gatherBytesMax);
  }

  /** Answers how much is left in the buffer. */
  #spill(last: number, length: number): number {
    const left = this.#sink.spill(this.#bytes, last, length);
    if (left <= gatherBytesMax) return left;
    this.#sink.take(this.#bytes, left);
    return 0;
  }

  #look(buf: Uint8Array): void {
    if (buf === this.#source) return;
    this.#source = buf;
    this.#input = Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength);
    this.#inputWords = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  }

  #fillLines(start: number, linesEnd: number): void {
    const input = this.#inputWords;
    const output = this.#words;
    const prefix = this.#prefix;
    const p0 = prefix.getInt32(0, true);
    const p1 = prefix.getInt32(4, true);
    const p2 = prefix.getInt32(8, true);
    const p3 = prefix.getInt32(12, true);
    const p4 = prefix.getInt32(16, true);
    const p5 = prefix.getInt32(20, true);
    const p6 = prefix.getInt32(24, true);
    const p7 = prefix.getInt32(28, true);
    const p8 = prefix.getInt32(32, true);
    const p9 = prefix.getInt32(36, true);
    const p10 = prefix.getInt32(40, true);
    const p11 = prefix.getInt32(44, true);
    const wordsEnd = input.byteLength - 3;
    let limit = this.#limit();
    let from = start;
    let to = this.#length;
    let lineEnd = -1;
    while (from < linesEnd) {
      const record = to;
      const text = from;
      output.setInt32(to, p0, true);
      output.setInt32(to + 4, p1, true);
      output.setInt32(to + 8, p2, true);
      output.setInt32(to + 12, p3, true);
      output.setInt32(to + 16, p4, true);
      output.setInt32(to + 20, p5, true);
      output.setInt32(to + 24, p6, true);
      output.setInt32(to + 28, p7, true);
      output.setInt32(to + 32, p8, true);
      output.setInt32(to + 36, p9, true);
      output.setInt32(to + 40, p10, true);
      output.setInt32(to + 44, p11, true);
      to += prefixBytes;
      const wordsStop = Math.min(text + wordCopyBytesMax, wordsEnd);
      let copied = false;
      while (from < wordsStop) {
        const word = input.getInt32(from, true);
        output.setInt32(to, word, true);
        // The lowest bit that is left stands in the first byte that is a newline.
        const others = word ^ newlineWord;
        const found = (others - 0x01010101) & ~others & 0x80808080;
        if (found !== 0) {
          const length = ((31 - Math.clz32(found & -found)) >> 3) + 1;
          from += length;
          to += length;
          copied = true;
          break;
        }
        from += 4;
        to += 4;
      }
      if (!copied) {
        if (lineEnd < from) lineEnd = this.#input.indexOf(newline, from);
        const textEnd = Math.min(lineEnd, text + recordTextBytesMax);
        this.#input.copy(this.#bytes, to, from, textEnd);
        to += textEnd - from;
        from = textEnd;
        if (textEnd === lineEnd) from++;
        else this.#bytes[record + tagAt] = tagPart;
        this.#bytes[to++] = newline;
      }
      if (to > limit) {
        to = this.#spill(record, to);
        limit = this.#limit();
      }
    }
    this.#length = to;
  }
}
