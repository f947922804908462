import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseInteger } from '../../../src/options/integer.ts';
import { bytes } from './command-line.ts';

const parse = (text: string, kind: 'int' | 'int64') => parseInteger(bytes(text), kind);

const accepted: readonly [text: string, value: number][] = [
  ['0', 0],
  ['7', 7],
  ['-1', -1],
  ['+5', 5],
  ['0x10', 16],
  ['0X1f', 31],
  ['-0x1', -1],
  ['017', 15],
  ['00', 0],
  ['-0', 0],
  [' \t\n\v\f\r7', 7],
  ['-2147483648', -2147483648],
  ['2147483647', 2147483647],
];

test('O8 integer: decimal, octal and hexadecimal, with a sign and white space before it', () => {
  for (const [text, value] of accepted) {
    assert.deepEqual(parse(text, 'int'), { value }, text);
    assert.deepEqual(parse(text, 'int64'), { value }, text);
  }
});

test('O8 integer: everything else is not an integer', () => {
  const texts = [
    '',
    ' ',
    '-',
    '+',
    'x',
    '0x',
    '08',
    '0b1',
    '0o7',
    '7 ',
    '--7',
    '+-7',
    '- 7',
    '1_0',
    '1.5',
    '1e3',
    '0x-1',
    '٣',
    '7\0',
  ];
  for (const text of texts) {
    assert.deepEqual(parse(text, 'int'), { error: 'not an integer' }, JSON.stringify(text));
    assert.deepEqual(parse(text, 'int64'), { error: 'not an integer' }, JSON.stringify(text));
  }
});

test('O8 integer: an int has 32 bits, an int64 has 64', () => {
  const outOfRange = { error: 'out of range' };
  for (const text of ['2147483648', '-2147483649', '0x80000000', '99999999999999999999']) {
    assert.deepEqual(parse(text, 'int'), outOfRange, text);
  }
  assert.deepEqual(parse('2147483648', 'int64'), { value: 2147483648 });
  assert.deepEqual(parse('9223372036854775807', 'int64'), { value: 2 ** 63 });
  assert.deepEqual(parse('-9223372036854775808', 'int64'), { value: -(2 ** 63) });
  for (const text of ['9223372036854775808', '-9223372036854775809', '9'.repeat(5000)]) {
    assert.deepEqual(parse(text, 'int64'), outOfRange, text);
  }
});

test('O8 integer: every 32-bit number is read back from each of its spellings', () => {
  fc.assert(
    fc.property(fc.integer(), number => {
      const sign = number < 0 ? '-' : '';
      const magnitude = Math.abs(number);
      for (const text of [`${magnitude}`, `0x${magnitude.toString(16)}`, `0${magnitude.toString(8)}`]) {
        assert.deepEqual(parse(sign + text, 'int'), { value: number });
      }
    }),
  );
});

test('O8 integer: every text means what a regular expression and a BigInt make of it', () => {
  const expected = (text: string, bits: bigint): ReturnType<typeof parse> => {
    const match = /^[ \t\n\v\f\r]*([+-]?)(?:(0x[0-9a-f]+)|0([0-7]+)|([1-9][0-9]*|0))$/i.exec(text);
    if (match === null) return { error: 'not an integer' };
    const [, sign, hexadecimal, octal, decimal] = match;
    const magnitude = BigInt(hexadecimal ?? (octal === undefined ? decimal! : `0o${octal}`));
    const value = sign === '-' ? -magnitude : magnitude;
    const limit = 2n ** (bits - 1n);
    return value < -limit || value >= limit ? { error: 'out of range' } : { value: Number(value) };
  };
  const near = fc
    .tuple(fc.constantFrom(31n, 32n, 53n, 54n, 62n, 63n, 64n, 65n), fc.bigInt({ min: -3000n, max: 3000n }))
    .map(([bits, difference]) => 2n ** bits + difference);
  const magnitude = fc.oneof(
    near,
    fc.bigInt({ min: 0n, max: 2n ** 66n }),
    fc.bigInt({ min: 0n, max: 4096n }),
  );
  const spelled = fc
    .tuple(
      fc.constantFrom('', ' ', '\t'),
      fc.constantFrom('', '+', '-'),
      fc.constantFrom('', '0', '0x', '000', '0X'),
      magnitude,
    )
    .map(([space, sign, mark, number]) => {
      const digits = number.toString(mark === '' ? 10 : mark.toLowerCase() === '0x' ? 16 : 8);
      return space + sign + mark + digits;
    });
  const characters = fc.string({ unit: fc.constantFrom(...'0123456789abfxX+- \n\v\0._éN'), maxLength: 24 });
  fc.assert(
    fc.property(fc.oneof(spelled, characters), text => {
      assert.deepEqual(parse(text, 'int'), expected(text, 32n), text);
      assert.deepEqual(parse(text, 'int64'), expected(text, 64n), text);
    }),
    { numRuns: 3000 },
  );
});
