// Bytes and sizes to make inputs of.

import fc from 'fast-check';

/** Up to `max`, most often small, or next to one of `edges`. */
export function size(max: number, ...edges: readonly number[]): fc.Arbitrary<number> {
  const near = edges.flatMap(edge => [edge - 1, edge, edge + 1]).filter(edge => edge >= 0 && edge <= max);
  return fc.oneof(
    { weight: 4, arbitrary: fc.nat(Math.min(max, 64)) },
    { weight: 3, arbitrary: fc.constantFrom(0, 1, max, ...near) },
    { weight: 1, arbitrary: fc.nat(max) },
  );
}

/** As many bytes, of one of several alphabets. */
export function bytes(length: fc.Arbitrary<number>): fc.Arbitrary<Buffer> {
  return fc
    .record({
      length,
      seed: fc.integer({ min: 1, max: 0x7fffffff }),
      alphabet: fc.constantFrom(...alphabets),
    })
    .map(({ length, seed, alphabet }) => {
      const made = Buffer.alloc(length);
      let state = seed;
      for (let i = 0; i < length; i++) {
        state ^= state << 13; // xorshift32
        state ^= state >>> 17;
        state ^= state << 5;
        made[i] = alphabet((state >>> 8) & 0xffff);
      }
      return made;
    });
}

/** Each makes a byte of a random number up to 65535. */
const alphabets: readonly ((random: number) => number)[] = [
  random => random,
  random => 0x20 + (random % 95),
  random => (random % 40 === 0 ? 0x0a : 0x61 + (random % 26)),
  random => (random % 9000 === 0 ? 0x0a : 0x41),
  random => (random % 3 === 0 ? 0x0a : 0),
  random => 0x80 + (random % 128), // no UTF-8, or hardly any
  () => 0,
  () => 0x0a,
  () => 0x78,
];

/** The same as text, with no NUL in it. */
export function withoutNul(buffer: Buffer): Buffer {
  return Buffer.from(buffer.map(byte => (byte === 0 ? 0x5f : byte)));
}
