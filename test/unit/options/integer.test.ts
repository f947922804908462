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
