// Where a text may be cut without splitting a character of UTF-8. Pure.

import { recordTextBytesMax } from './driver.ts';

/**
 * Where the first record's text ends of the line that begins at `start` and is too long for one. Of a character that
 * would be split, all is left to the next record: the cut is up to three bytes earlier then.
 *
 * The line's bytes are known up to and including the one at `start + recordTextBytesMax`, and nothing behind that is
 * looked at: so a line is cut in the same places however it is read.
 */
export function cutLine(buf: Uint8Array, start: number): number {
  const end = start + recordTextBytesMax;
  return isContinuation(buf[end]!) ? end - begunCharacterBytes(buf, start, end) : end;
}

/** How many bytes at the end of `buf[start, end)` are the beginning of a character that goes on behind it: 0 to 3. */
export function begunCharacterBytes(buf: Uint8Array, start: number, end: number): number {
  for (let bytes = 1; bytes < characterBytesMax && bytes <= end - start; bytes++) {
    const byte = buf[end - bytes]!;
    if (!isContinuation(byte)) return characterBytes(byte) > bytes ? bytes : 0;
  }
  return 0;
}

const characterBytesMax = 4;

/** Length of the character that begins with that byte; 1 where none does. */
function characterBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
