// Integers as strtol(3) reads them with base 0: that is what GLib does with the values of int options.

import type { OptionKind } from './table.ts';

/** The number that a text stands for, or why it is none. */
export type IntegerAnswer =
  | { readonly value: number }
  | { readonly error: 'not an integer' | 'out of range' };

/**
 * Reads a whole text as a decimal, octal (`017`) or hexadecimal (`0x1f`) number, with white space and one sign
 * allowed before it, within the range of `kind`. A value beyond 2^53 comes out rounded.
 */
export function parseInteger(text: string, kind: Extract<OptionKind, 'int' | 'int64'>): IntegerAnswer {
  const match = integer.exec(text);
  if (match === null) return { error: 'not an integer' };
  const [, sign, hexadecimal, octal, decimal] = match;
  const magnitude = BigInt(hexadecimal ?? (octal === undefined ? decimal! : `0o${octal}`));
  const value = sign === '-' ? -magnitude : magnitude;
  const limit = 2n ** (kind === 'int' ? 31n : 63n);
  return value < -limit || value >= limit ? { error: 'out of range' } : { value: Number(value) };
}

/** White space of isspace(3) in the C locale, a sign, then one of: hexadecimal, octal, decimal. */
const integer = /^[ \t\n\v\f\r]*([+-]?)(?:(0x[0-9a-f]+)|0([0-7]+)|([1-9][0-9]*|0))$/i;
