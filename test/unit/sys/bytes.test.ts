import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  areDigits,
  areEqual,
  concat,
  hasAt,
  isDigit,
  isSpace,
  parseDecimal,
  parseSigned,
  split,
  trim,
  trimStart,
} from '../../../src/sys/bytes.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Bytes of which many are digits, signs and white space, a character for each. */
const nearlyNumber = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789+- \t\n\v\f\r.ex\0\xa0'), maxLength: 24 }),
  fc.uint8Array({ maxLength: 8 }).map(textOf),
  fc.tuple(fc.constantFrom('', '+', '-', '00'), fc.nat()).map(([before, number]) => `${before}${number}`),
);

describe('bytes', () => {
  it('white space and digits are those of ASCII, of all bytes', () => {
    for (let byte = 0; byte < 256; byte++) {
      assert.equal(isSpace(byte), /[ \t\n\v\f\r]/.test(String.fromCharCode(byte)), `${byte}`);
      assert.equal(isDigit(byte), /[0-9]/.test(String.fromCharCode(byte)), `${byte}`);
    }
    assert.deepEqual([isSpace(undefined), isDigit(undefined)], [false, false]);
  });

  it('trim: takes white space from the ends, or from the beginning', () => {
    fc.assert(
      fc.property(nearlyNumber, text => {
        assert.equal(textOf(trim(bytesOf(text))), text.replaceAll(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, ''));
        assert.equal(textOf(trimStart(bytesOf(text))), text.replace(/^[ \t\n\v\f\r]+/, ''));
      }),
    );
  });

  it('split: as text is split', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ',', '\n'), maxLength: 12 }), text => {
        assert.deepEqual(split(bytesOf(text), 0x2c).map(textOf), text.split(','));
      }),
    );
  });

  it('concat: one behind the other', () => {
    assert.equal(textOf(concat(['a', '', 'bc'].map(bytesOf))), 'abc');
    assert.equal(concat([]).length, 0);
  });

  it('hasAt, areEqual: compare to the end and not beyond', () => {
    const bytes = bytesOf('name=value');
    assert.ok(
      hasAt(bytes, 0, bytesOf('name=')) && hasAt(bytes, 5, bytesOf('value')) && hasAt(bytes, 3, bytesOf('')),
    );
    assert.ok(!hasAt(bytes, 6, bytesOf('alues')) && !hasAt(bytes, 1, bytesOf('name=')));
    assert.ok(areEqual(bytesOf('abc'), bytesOf('abc')) && areEqual(bytesOf(''), bytesOf('')));
    assert.ok(!areEqual(bytesOf('abc'), bytesOf('ab')) && !areEqual(bytesOf('ab'), bytesOf('abc')));
  });
});

describe('numbers', () => {
  it('are digits, with one sign where that is allowed, and nothing before or after', () => {
    fc.assert(
      fc.property(nearlyNumber, text => {
        const [decimal, signed] = [parseDecimal(bytesOf(text)), parseSigned(bytesOf(text))];
        assert.equal(areDigits(bytesOf(text)), /^[0-9]+$/.test(text));
        assert.equal(
          decimal,
          /^[0-9]+$/.test(text) && Number(text) <= 2 ** 53 - 1 ? Number(text) : undefined,
        );
        const isSigned = /^[+-]?[0-9]+$/.test(text) && Math.abs(Number(text)) <= 2 ** 53 - 1;
        assert.equal(signed, isSigned ? Number(text) + 0 : undefined); // never -0
      }),
      { numRuns: 2000 },
    );
  });

  it('one that a number cannot hold exactly is none', () => {
    assert.equal(parseDecimal(bytesOf('9007199254740991')), Number.MAX_SAFE_INTEGER);
    assert.equal(parseSigned(bytesOf('-9007199254740991')), -Number.MAX_SAFE_INTEGER);
    assert.equal(parseDecimal(bytesOf(`${'0'.repeat(400)}7`)), 7);
    for (const text of ['9007199254740992', '9007199254740993', '18446744073709551617', '9'.repeat(400)]) {
      assert.equal(parseDecimal(bytesOf(text)), undefined, text);
      assert.equal(parseSigned(bytesOf(`-${text}`)), undefined, text);
    }
  });
});
