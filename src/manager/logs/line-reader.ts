// A file that grows, as lines.

import type { Generation } from './generations.ts';
import { type Line, LineParts } from './line-parts.ts';

/** One read; the monitor's records are up to 8 KiB. */
const readBytes = 256 * 1024;

/** Read once more with what follows: two of the monitor's records, so that the time of one is always among them. */
const knownBytesMax = 16 * 1024;

const newline = 0x0a;

/** Reads the lines of an open file from an offset on. A last line without newline waits until it has one. A file that is
 * cut, or written anew, is read from its beginning. */
export class LineReader {
  readonly #file: Generation;
  readonly #buffer = Buffer.allocUnsafe(readBytes);
  #position: number;
  /** What is before the position. */
  #known: Buffer = Buffer.alloc(0);
  #pending = new LineParts();

  constructor(file: Generation, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** Yields what is there, up to the end of the file as it is then. A line's bytes are good until the next one. */
  async *read(): AsyncGenerator<Line, void, undefined> {
    for (let bytes = await this.#readOn(); bytes.length > 0; bytes = await this.#readOn()) {
      let start = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
        const last = bytes.subarray(start, end);
        start = end + 1;
        yield this.#pending.finish(last);
      }
      if (start < bytes.length) this.#pending.append(bytes.subarray(start));
    }
  }

  /** Looks in the same read at what was read before: where that is something else, the file has been written anew, however
   * long it is by now. */
  async #readOn(): Promise<Buffer> {
    for (;;) {
      const knownLength = this.#known.length;
      const bytesRead = await this.#file.read(this.#buffer, 0, readBytes, this.#position - knownLength);
      const bytes = this.#buffer.subarray(0, bytesRead);
      if (bytes.subarray(0, knownLength).equals(this.#known)) {
        this.#position += bytesRead - knownLength;
        if (bytesRead > knownLength) this.#known = Buffer.from(bytes.subarray(-knownBytesMax));
        return bytes.subarray(knownLength);
      }
      this.#position = 0;
      this.#known = Buffer.alloc(0);
      this.#pending = new LineParts();
    }
  }
}
