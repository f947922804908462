// Small functions over bytes, for what others have written: arguments, variables, files of the kernel, lines of a
// fifo. White space and digits are ASCII's alone, and a number is the whole of its bytes or none at all.

/** Whether a byte is white space, as isspace(3) has it in the C locale. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= digitZero && byte <= digitNine;
}

/** The same bytes without the white space at their beginning. */
export function trimStart(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (isSpace(bytes[start])) start++;
  return bytes.subarray(start);
}

/** The same bytes without the white space at both ends. */
export function trim(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (isSpace(bytes[end - 1])) end--;
  return trimStart(bytes.subarray(0, end));
}

/** Whether `prefix` stands at `at`. */
export function hasAt(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

/** Whether both are the same bytes. */
export function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && hasAt(one, 0, other);
}

/** What stands between the separators: always one part more than there are of them. */
export function split(bytes: Uint8Array, separator: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = bytes.indexOf(separator); at >= 0; at = bytes.indexOf(separator, start)) {
    parts.push(bytes.subarray(start, at));
    start = at + 1;
  }
  parts.push(bytes.subarray(start));
  return parts;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether there are digits, and nothing else. */
export function areDigits(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every(isDigit);
}

/** The number that digits make; undefined for anything else, and for one above 2^53 - 1. */
export function parseDecimal(bytes: Uint8Array): number | undefined {
  if (!areDigits(bytes)) return undefined;
  let value = 0;
  for (const byte of bytes) {
    value = 10 * value + (byte - digitZero);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return value;
}

/** The same with one sign before the digits, or none. */
export function parseSigned(bytes: Uint8Array): number | undefined {
  const isNegative = bytes[0] === minus;
  const magnitude = parseDecimal(isNegative || bytes[0] === plus ? bytes.subarray(1) : bytes);
  return isNegative && magnitude ? -magnitude : magnitude;
}

const digitZero = 0x30;
const digitNine = 0x39;
const plus = 0x2b;
const minus = 0x2d;
