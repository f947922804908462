// Bytes that wait for a peer, in pieces that stay whole: a packet for a client, or input for the container. They lie
// in slabs of one size, which a pool takes back, so that a peer that lags for hours does not make the heap grow.

/** One packet to a client: the type byte and 8192 bytes, which is all that Podman's and CRI-O's buffers hold. */
export const pieceBytesMax = 8193;
const lengthBytes = 2;
/** Eight full pieces, with nothing wasted. */
export const slabBytes = 8 * (lengthBytes + pieceBytesMax);

export class SlabPool {
  readonly #keptSlabsMax: number;
  #free: Uint8Array[] = [];

  /** Keeps at most `keptSlabsMax` free slabs; what is more is left to the garbage collector. */
  constructor(keptSlabsMax: number) {
    this.#keptSlabsMax = keptSlabsMax;
  }

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(slabBytes);
  }

  give(slab: Uint8Array): void {
    if (this.#free.length < this.#keptSlabsMax) this.#free.push(slab);
  }

  /** Lets go of every free slab. */
  release(): void {
    this.#free = [];
  }
}

/** First in, first out. The piece at the head is `slab[offset, offset + length)`, while `bytes` is above 0. */
export class PieceQueue {
  /** How many bytes wait. */
  bytes = 0;
  /** Where the head begins in its slab. */
  offset = 0;
  /** What is left of the head, in bytes. */
  length = 0;
  readonly #pool: SlabPool;
  readonly #slabs: Uint8Array[] = [];
  readonly #ends: number[] = [];

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  get slab(): Uint8Array {
    return this.#slabs[0]!;
  }

  /** How many slabs are taken. */
  get slabs(): number {
    return this.#slabs.length;
  }

  /** Appends a copy of `buf[start, end)`: one piece of 1 to {@link pieceBytesMax} bytes. */
  push(buf: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const last = this.#slabWithRoomFor(length);
    const slab = this.#slabs[last]!;
    const at = this.#ends[last]!;
    slab[at] = length & 0xff;
    slab[at + 1] = length >> 8;
    slab.set(buf.subarray(start, end), at + lengthBytes);
    this.#ends[last] = at + lengthBytes + length;
    if (this.bytes === 0) this.#readLength(at);
    this.bytes += length;
  }

  /** Takes the first `count` bytes off the head, at most {@link length}. */
  drop(count: number): void {
    this.bytes -= count;
    this.offset += count;
    this.length -= count;
    if (this.length === 0) this.#advance();
  }

  /** Forgets everything and gives the slabs back. */
  clear(): void {
    for (const slab of this.#slabs) this.#pool.give(slab);
    this.#slabs.length = 0;
    this.#ends.length = 0;
    this.bytes = 0;
    this.length = 0;
  }

  #slabWithRoomFor(length: number): number {
    const last = this.#slabs.length - 1;
    if (last >= 0 && this.#ends[last]! + lengthBytes + length <= slabBytes) return last;
    this.#ends.push(0);
    return this.#slabs.push(this.#pool.take()) - 1;
  }

  #advance(): void {
    if (this.bytes === 0) this.clear();
    else if (this.offset < this.#ends[0]!) this.#readLength(this.offset);
    else {
      this.#pool.give(this.#slabs.shift()!);
      this.#ends.shift();
      this.#readLength(0);
    }
  }

  #readLength(at: number): void {
    this.length = this.slab[at]! | (this.slab[at + 1]! << 8);
    this.offset = at + lengthBytes;
  }
}
