// The addon's `fillLines`, in C, against the one that says what it has to do: byte for byte.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FillLines, fillLines, stateOf } from '../../src/logs/fill-lines.ts';
import { sys } from '../../src/sys/real.ts';

const ofAddon = (sys as unknown as { readonly fillLines: FillLines }).fillLines;

const prefix = Buffer.from('2026-01-02T03:04:05.123456789+01:00 stdout F ');
const recordBytesMax = 45 + 8192 + 1;

interface Work {
  readonly input: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly limits: readonly number[];
}

/** Calls it until all lines are done, each time with the next limit and with what is left of the records, as their
 * sink may have it. Returns everything that could be seen meanwhile. */
function perform(fill: FillLines, { input, from, to, limits }: Work): unknown[] {
  const output = new Uint8Array(Math.max(to, ...limits) + recordBytesMax).fill(0xee);
  const linesEnd = Math.max(from, input.lastIndexOf(0x0a) + 1);
  const state = Int32Array.of(from, to, linesEnd, 0, -1);
  const seen: unknown[] = [];
  for (let calls = 0; ; calls++) {
    state[stateOf.limit] = limits[calls % limits.length]!;
    const isOver = Boolean(fill(input, output, prefix, state));
    seen.push([isOver, [...state], Buffer.from(output.subarray(0, state[stateOf.to])).toString('latin1')]);
    if (!isOver) return seen;
    state[stateOf.to] = calls % 2 === 0 ? 0 : Math.min(to, state[stateOf.to]!); // taken, or some of it left
  }
}

function assertSame(work: Work): void {
  const [ours, theirs] = [perform(fillLines, work), perform(ofAddon, work)];
  assert.equal(theirs.length, ours.length);
  // Not deepEqual on all of it at once: what it would print is too long to be read.
  for (const [i, seen] of ours.entries()) assert.ok(equal(seen, theirs[i]), `call ${i} of ${show(work)}`);
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function show({ input, from, to, limits }: Work): string {
  const lines = Buffer.from(input)
    .toString('latin1')
    .split('\n')
    .map(line => line.length);
  return `lines of ${lines.join()} bytes from ${from} to ${to}, limits ${limits.join()}`;
}

const lineLength = fc.oneof(
  fc.integer({ min: 0, max: 150 }),
  fc.constantFrom(0, 1, 8190, 8191, 8192, 8193, 8194, 2 * 8192 - 1, 2 * 8192, 2 * 8192 + 1, 5 * 8192 + 7),
);
/** What lines are of: any bytes, or text in which a cut falls anywhere, also into a character. */
const bytesOfLines = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 64 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map(text => Buffer.from(text.toWellFormed())),
  fc.array(fc.constantFrom(0x78, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xef, 0xf0, 0xf4, 0xf5), {
    minLength: 1,
    maxLength: 9,
  }),
);
/** Lines with such bytes in them, and some that are not done. */
const input = fc
  .tuple(fc.array(lineLength, { maxLength: 12 }), bytesOfLines, fc.nat(9000))
  .map(([lengths, bytes, unfinished]) => {
    const filler = Buffer.alloc(50_000, Buffer.from(bytes.map(byte => (byte === 0x0a ? 0x0b : byte))));
    const lines = lengths.map(length => Buffer.concat([filler.subarray(0, length), Buffer.from('\n')]));
    return Buffer.concat([...lines, filler.subarray(0, unfinished)]);
  });
const limit = fc.oneof(
  fc.constantFrom(0, 1, 45, 46, 47, recordBytesMax - 1, recordBytesMax, recordBytesMax + 1, 128 * 1024),
  fc.nat(60_000),
);

describe('fillLines', () => {
  it('lines of every length around that of a record, and one limit after the other', () => {
    for (const length of [0, 1, 127, 128, 129, 8191, 8192, 8193, 16_383, 16_384, 16_385])
      for (const limits of [[0], [45 + length], [45 + length + 1], [45 + length + 2], [100_000]])
        assertSame({ input: Buffer.from(`${'x'.repeat(length)}\n`.repeat(3)), from: 0, to: 0, limits });
  });

  it('L8: no character of a text is split, wherever the cut falls into it', () => {
    for (const character of ['é', '€', '😀'])
      for (let ahead = 0; ahead < 4; ahead++) {
        const text = `${'x'.repeat(ahead)}${character.repeat(9000)}\n`;
        const work = { input: Buffer.from(text), from: 0, to: 0, limits: [200_000] };
        assertSame(work);
        const records = (perform(ofAddon, work)[0] as [boolean, number[], string])[2];
        const pieces = records.split('\n').map(record => Buffer.from(record.slice(prefix.length), 'latin1'));
        const decoder = new TextDecoder('utf-8', { fatal: true });
        assert.equal(`${pieces.map(piece => decoder.decode(piece)).join('')}\n`, text);
      }
  });

  it('no lines are no records', () => {
    for (const text of ['', 'unfinished', 'x'.repeat(9000)])
      assertSame({ input: Buffer.from(text), from: 0, to: 7, limits: [0] });
  });

  it('any lines, from anywhere, to anywhere, with any limits', () => {
    fc.assert(
      fc.property(
        input,
        fc.nat(100),
        fc.nat(9000),
        fc.array(limit, { minLength: 1, maxLength: 5 }),
        (bytes, from, to, limits) =>
          assertSame({ input: bytes, from: Math.min(from, bytes.length), to, limits }),
      ),
      { numRuns: 400 },
    );
  });

  it('a part of a larger array is taken from where it lies', () => {
    const larger = Buffer.from('no\nlines\none\ntwo\n');
    assertSame({ input: larger.subarray(9), from: 0, to: 3, limits: [60] });
  });
});
