// A file that grows, as lines.

import type { Generation } from './generations.ts';

/** One read; the monitor's records are up to 8 KiB. */
const readBytes = 256 * 1024;

const newline = 0x0a;

/** Reads the lines of an open file from an offset on. A last line without newline waits until it has one. */
export class LineReader {
  readonly #file: Generation;
  readonly #buffer = Buffer.allocUnsafe(readBytes);
  #position: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(file: Generation, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** Yields what is there, up to the end of the file as it is then. A line's bytes are good until the next one. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const bytesRead = await this.#file.read(this.#buffer, 0, readBytes, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const bytes = this.#buffer.subarray(0, bytesRead);
      let start = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
        const line = bytes.subarray(start, end);
        start = end + 1;
        if (this.#pending.length === 0) yield line;
        else {
          const whole = Buffer.concat([this.#pending, line]);
          this.#pending = Buffer.alloc(0);
          yield whole;
        }
      }
      if (start < bytesRead) this.#pending = Buffer.concat([this.#pending, bytes.subarray(start)]);
    }
  }

  /** Starts over where the file has been cut to less than was read; true where it was. */
  noticeTruncation(): boolean {
    if (this.#file.stat().size >= this.#position) return false;
    this.#position = 0;
    this.#pending = Buffer.alloc(0);
    return true;
  }
}
