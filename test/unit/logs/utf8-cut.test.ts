import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { recordTextBytesMax } from '../../../src/logs/driver.ts';
import { begunCharacterBytes, cutLine } from '../../../src/logs/utf8-cut.ts';

/** A line whose bytes around the place for the cut are these: `before` ends there, `behind` begins there. */
const cutOf = (before: number[], behind: number[]): number => {
  const padding = new Array<number>(recordTextBytesMax - before.length).fill(0x78);
  return cutLine(Uint8Array.from([...padding, ...before, ...behind]), 0) - recordTextBytesMax;
};

describe('where a long line is cut', () => {
  it('L8: before a character that would be split, wherever in it', () => {
    for (const character of ['\u0080', 'é', '\u07ff', '€', '😀', '\u{10ffff}', '\u0800', '\u{10000}']) {
      const bytes = [...Buffer.from(character)];
      for (let at = 0; at <= bytes.length; at++) {
        const isInside = at > 0 && at < bytes.length;
        const behind = [...bytes.slice(at), 0x78];
        assert.equal(cutOf(bytes.slice(0, at), behind), isInside ? -at : 0, `${character} at ${at}`);
      }
    }
  });

  it('L8: as always where no character of UTF-8 is split', () => {
    for (const [name, before, behind] of [
      ['ASCII', [0x78], [0x78]],
      ['a continuation that nothing begins', [0x78], [0x80]],
      ['four continuations', [0xf0, 0x80, 0x80, 0x80, 0x80], [0x80]],
      ['a character that is over', [0xc3, 0xa9], [0x80]],
      ['a beginning that does not go on', [0xe2, 0x82], [0x78]],
      ['Latin-1', [0xe9], [0xe8]],
      ['bytes that begin none', [0xc1], [0x80]],
      ['bytes that begin none', [0xf5], [0x80]],
      ['bytes that begin none', [0xff], [0x80]],
    ] as const)
      assert.equal(cutOf([...before], [...behind]), 0, name);
  });

  it('looks at nothing in front of the text', () => {
    assert.equal(begunCharacterBytes(Uint8Array.of(0xf0, 0x9f, 0x98), 3, 3), 0);
    assert.equal(begunCharacterBytes(Uint8Array.of(0xf0, 0x9f, 0x98), 1, 3), 0);
    assert.equal(begunCharacterBytes(Uint8Array.of(0xf0, 0x9f, 0x98), 0, 3), 3);
  });

  it('what is begun is what a decoder would wait for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(4), (text, shorter) => {
        const bytes = Buffer.from(text.toWellFormed());
        const end = Math.max(0, bytes.length - shorter);
        const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
        const decoded = decoder.decode(bytes.subarray(0, end), { stream: true });
        assert.equal(begunCharacterBytes(bytes, 0, end), end - Buffer.byteLength(decoded));
      }),
      { numRuns: 500 },
    );
  });
});
