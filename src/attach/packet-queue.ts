// Packets that wait for clients, which all get the same: one queue for all of them, and a place in it for each that
// lags. It takes what the client furthest behind has still to get, however many there are. The packets lie in slabs of
// one size, which are used again, so that a client that lags for hours does not make the heap grow.

/** Podman's and CRI-O's buffers hold 8193 bytes: the type byte and this. */
export const payloadBytesMax = 8192;
/** In front of each packet. */
const lengthBytes = 2;
/** Full packets, that is, with nothing wasted. */
const packetsPerSlab = 8;
const slabBytes = packetsPerSlab * (lengthBytes + 1 + payloadBytesMax);
/** What may wait: 1 MiB, and the bytes of the packets' types and lengths. */
const slabsMax = 16;
/** The largest read that there is room for while {@link PacketQueue.hasRoom}. */
export const broadcastBytesMax = 256 * 1024;
const broadcastSlabsMax = broadcastBytesMax / (packetsPerSlab * payloadBytesMax);
/** A place is a number, which grows from packet to packet. This one is behind them all. */
export const noPlace = -1;

interface Slab {
  readonly bytes: Uint8Array;
  /** Where its free part begins. */
  end: number;
  /** How many have their place in it. */
  places: number;
}

export class PacketQueue {
  /** What {@link find} has found: the packet is `packet[offset, offset + length)`. */
  packet: Uint8Array = new Uint8Array(0);
  offset = 0;
  length = 0;
  readonly #slabs: Slab[] = [];
  /** How many slabs have gone. */
  #gone = 0;
  #spare: Uint8Array[] = [];

  /** Whether a read of {@link broadcastBytesMax} stays within the bound. */
  get hasRoom(): boolean {
    return this.#slabs.length <= slabsMax - broadcastSlabsMax;
  }

  /** What it takes, in bytes: 0 when nobody waits for anything. */
  get size(): number {
    let bytes = 0;
    for (const slab of this.#slabs) bytes += slab.end;
    return bytes;
  }

  /** Whether memory is kept for the next packets. */
  get isKeeping(): boolean {
    return this.#spare.length > 0;
  }

  /** Appends the packet of the byte `type` and `buf[start, end)`, 1 to {@link payloadBytesMax} bytes. Returns its place.
   * Somebody must {@link enter} there, or before, until all who wait for it have. */
  push(type: number, buf: Uint8Array, start: number, end: number): number {
    const length = 1 + end - start;
    const slab = this.#slabWithRoomFor(length);
    const at = slab.end;
    slab.bytes[at] = length & 0xff;
    slab.bytes[at + 1] = length >> 8;
    slab.bytes[at + lengthBytes] = type;
    slab.bytes.set(buf.subarray(start, end), at + lengthBytes + 1);
    slab.end = at + lengthBytes + length;
    return (this.#gone + this.#slabs.length - 1) * slabBytes + at;
  }

  /** Keeps what is at `place`, and all behind it. */
  enter(place: number): void {
    this.#slabOf(place).places++;
  }

  /** Lets go of it: what nobody waits for any more is forgotten. */
  leave(place: number): void {
    this.#slabOf(place).places--;
    while (this.#slabs.length > 0 && this.#slabs[0]!.places === 0) {
      this.#spare.push(this.#slabs.shift()!.bytes);
      this.#gone++;
    }
  }

  /** Puts the packet at `place` into {@link packet}, {@link offset} and {@link length}. */
  find(place: number): void {
    const { bytes } = this.#slabOf(place);
    const at = place % slabBytes;
    this.packet = bytes;
    this.offset = at + lengthBytes;
    this.length = bytes[at]! | (bytes[at + 1]! << 8);
  }

  /** Leaves `place` for the one behind it, which is returned. */
  advance(place: number): number {
    this.find(place);
    const next = this.#placeAt(this.offset + this.length, place);
    if (next !== noPlace) this.enter(next);
    this.leave(place);
    return next;
  }

  /** Lets go of that memory. */
  release(): void {
    this.#spare = [];
    this.packet = new Uint8Array(0);
  }

  #placeAt(end: number, place: number): number {
    if (end < this.#slabOf(place).end) return place - (place % slabBytes) + end;
    const next = Math.floor(place / slabBytes) + 1;
    return next < this.#gone + this.#slabs.length ? next * slabBytes : noPlace;
  }

  #slabOf(place: number): Slab {
    return this.#slabs[Math.floor(place / slabBytes) - this.#gone]!;
  }

  #slabWithRoomFor(length: number): Slab {
    const count = this.#slabs.length;
    const last = count > 0 ? this.#slabs[count - 1] : undefined;
    if (last !== undefined && last.end + lengthBytes + length <= slabBytes) return last;
    const slab = { bytes: this.#spare.pop() ?? new Uint8Array(slabBytes), end: 0, places: 0 };
    this.#slabs.push(slab);
    return slab;
  }
}
