// Integers as strtol(3) reads them with base 0: that is what GLib does with the values of int options.

import { isSpace } from '../sys/bytes.ts';
import type { OptionKind } from './table.ts';

/** The number that a value stands for, or why it is none. */
export type IntegerAnswer =
  | { readonly value: number }
  | { readonly error: 'not an integer' | 'out of range' };

/**
 * Reads a whole value as a decimal, octal (`017`) or hexadecimal (`0x1f`) number, with white space and one sign
 * allowed before it, within the range of `kind`. A number beyond 2^53 comes out rounded.
 */
export function parseInteger(bytes: Uint8Array, kind: Extract<OptionKind, 'int' | 'int64'>): IntegerAnswer {
  let at = 0;
  while (isSpace(bytes[at])) at++;
  const isNegative = bytes[at] === minus;
  if (isNegative || bytes[at] === plus) at++;
  const radix = readRadix(bytes, at);
  at += radix === 16 ? 2 : 0; // past its `0x`
  if (at === bytes.length) return { error: 'not an integer' };

  // In two halves of 32 bits, as 64 are more than a number holds. Once it is too large it stays so.
  let high = 0;
  let low = 0;
  for (; at < bytes.length; at++) {
    const digit = readDigit(bytes[at]!);
    if (digit >= radix) return { error: 'not an integer' };
    if (high >= half) continue;
    low = low * radix + digit;
    high = high * radix + Math.floor(low / half);
    low %= half;
  }
  if (!isInRange(high, low, isNegative, kind)) return { error: 'out of range' };
  const magnitude = high * half + low; // the only step that may round
  return { value: isNegative ? 0 - magnitude : magnitude };
}

const half = 2 ** 32;
const plus = 0x2b;
const minus = 0x2d;

/** By how a number begins. Octal's leading 0 is a digit of it as well. */
function readRadix(bytes: Uint8Array, at: number): 8 | 10 | 16 {
  if (readDigit(bytes[at]) !== 0) return 10;
  const mark = bytes[at + 1];
  return mark === 0x78 || mark === 0x58 ? 16 : 8;
}

/** What a digit or a letter counts for; too much for any number if it is neither. */
function readDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 99;
}

/** Of what has a sign bit: a negative number's magnitude may be one more than a positive one's. */
function isInRange(high: number, low: number, isNegative: boolean, kind: 'int' | 'int64'): boolean {
  const top = half / 2;
  if (kind === 'int') return high === 0 && (low < top || (isNegative && low === top));
  return high < top || (isNegative && high === top && low === 0);
}
