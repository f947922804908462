// A line of a log that comes in parts. They are put together once, so that a long line costs what its bytes cost; and no
// more of them are kept than a record may have, since a file without newlines must not fill its reader.

/** A line without its newline. */
export interface Line {
  /** All of it, or of one that is too long to be a record some part. */
  readonly bytes: Buffer;
  /** How many bytes it has. */
  readonly length: number;
}

/** Bytes of a line that may be a record. The monitor's have 8 KiB, containerd's 16 KiB unless it is told otherwise. */
const lineBytesMax = 2 * 1024 * 1024;

/** How much is kept of the beginning of a longer one. */
export const beginningBytesMax = 1024;

/** The line that is being read. */
export class LineParts {
  readonly #parts: Buffer[] = [];
  #length = 0;

  /** Takes the line's next part; of the bytes a copy is kept. */
  append(part: Buffer): void {
    this.#add(part.length, () => this.#parts.push(Buffer.from(part)));
  }

  /** The same from the line's end towards its beginning. */
  prepend(part: Buffer): void {
    this.#add(part.length, () => this.#parts.unshift(Buffer.from(part)));
  }

  /** Takes the last part, and begins with the next line. */
  finish(last: Buffer): Line {
    if (this.#length === 0 && last.length <= lineBytesMax) return { bytes: last, length: last.length };
    this.append(last);
    return this.#take();
  }

  /** Takes the first part, where the line came from its end; and begins with the one before. */
  finishAtBeginning(first: Buffer): Line {
    if (this.#length === 0 && first.length <= lineBytesMax) return { bytes: first, length: first.length };
    this.prepend(first);
    return this.#take();
  }

  #add(length: number, keep: () => void): void {
    this.#length += length;
    if (this.#length <= lineBytesMax) keep();
    else if (this.#parts.length > 1 || this.#parts[0]?.length !== beginningBytesMax) this.#cut();
  }

  #cut(): void {
    const beginning = Buffer.concat(this.#parts).subarray(0, beginningBytesMax);
    this.#parts.splice(0, this.#parts.length, Buffer.from(beginning));
  }

  #take(): Line {
    const line = { bytes: Buffer.concat(this.#parts), length: this.#length };
    this.#parts.length = 0;
    this.#length = 0;
    return line;
  }
}
