// Bytes that come in parts, put together as they come: a container may write one at a time, and an object for each would
// take a hundred times their size.

/** As much as two records of the monitor have. */
const startBytes = 16 * 1024;

export class GrowingBytes {
  #bytes = Buffer.allocUnsafe(startBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes a copy of the next part. */
  append(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    part.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** All of them. Nothing may be appended after that. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
