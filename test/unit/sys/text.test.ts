import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes, utf8Text, utf8ValidLength } from '../../../src/sys/text.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that often are UTF-8, or nearly. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }).map(text => Buffer.from(text)),
      fc
        .array(
          fc.constantFrom(
            0,
            0x41,
            0x7f,
            0x80,
            0x8f,
            0x90,
            0x9f,
            0xa0,
            0xbf,
            0xc1,
            0xc2,
            0xdf,
            0xe0,
            0xed,
            0xef,
            0xf0,
            0xf4,
            0xf5,
          ),
          { maxLength: 5 },
        )
        .map(bytes => Uint8Array.from(bytes)),
    ),
    { maxLength: 8 },
  )
  .map(parts => new Uint8Array(Buffer.concat(parts)));

describe('text', () => {
  it('is UTF-8 as bytes, and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        assert.deepEqual(Buffer.from(utf8Bytes(text)), Buffer.from(text));
        assert.equal(utf8Text(utf8Bytes(text)), text);
        assert.equal(utf8ValidLength(utf8Bytes(text)), utf8Bytes(text).length);
      }),
    );
  });

  it('a surrogate without its other half becomes U+FFFD', () => {
    for (const text of ['\ud800', '\udfff', 'a\ud83db', '\udca9\ud83d'])
      assert.equal(utf8Text(utf8Bytes(text)), text.toWellFormed());
  });

  it('a byte order mark and a NUL are characters like any other', () => {
    assert.equal(utf8Text(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
    assert.equal(utf8Text(Uint8Array.of(0x61, 0, 0x62)), 'a\0b');
  });

  it('what is not UTF-8 reads as U+FFFD, one for each beginning that could have become a character', () => {
    for (const [bytes, text] of [
      [[0x80], '\ufffd'],
      [[0xff, 0xfe], '\ufffd\ufffd'],
      [[0xe2, 0x82], '\ufffd'],
      [[0xe2, 0x82, 0x41], '\ufffdA'],
      [[0xf0, 0x9f, 0x9a], '\ufffd'],
      [[0xf0, 0x80, 0x80], '\ufffd\ufffd\ufffd'],
      [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
      [[0xc0, 0xaf], '\ufffd\ufffd'],
      [[0xf5, 0x80], '\ufffd\ufffd'],
      [[0xc3, 0xc3, 0xa9], '\ufffdé'],
    ] as const)
      assert.equal(utf8Text(Uint8Array.from(bytes)), text, bytes.join());
  });

  it('the valid length is that of the longest part that a strict decoder takes', () => {
    fc.assert(
      fc.property(nearlyUtf8, bytes => {
        const length = utf8ValidLength(bytes);
        assert.ok(isUtf8(bytes.subarray(0, length)));
        for (let longer = length + 1; longer <= bytes.length; longer++)
          assert.ok(!isUtf8(bytes.subarray(0, longer)), `${longer} of ${bytes.join()}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('the valid length, with the second bytes that decide behind every first', () => {
    for (let first = 0; first < 256; first++)
      for (const second of [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff])
        for (const rest of [[], [0x80], [0x80, 0x80], [0xbf, 0xbf], [0x41]]) {
          const bytes = Uint8Array.from([first, second, ...rest]);
          let expected = bytes.length;
          while (!isUtf8(bytes.subarray(0, expected))) expected--;
          assert.equal(utf8ValidLength(bytes), expected, bytes.join());
        }
  });
});

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
