// Lines -> records: the one loop over the container's output. The executable has the same in C, which test/contract
// holds against this one; this one only runs under Node.js, and is what the other has to do.

import { recordTextBytesMax } from './driver.ts';
import { prefixBytes, tagAt } from './record-prefix.ts';
import { cutLine } from './utf8-cut.ts';

/**
 * Makes records of whole lines of `input` in `output`: each is `prefix` and the line, its newline included. A line
 * that is longer than 8192 bytes without its newline is cut into records of that much, or up to three bytes less where
 * that keeps a character whole. They have tag P in place of the prefix's F and a newline of their own; what is left of
 * the line is a record like any other.
 *
 * `state` is [from, to, linesEnd, limit, record]. `input[from, linesEnd)` are the lines, and their end is just behind a
 * newline; records are added from `output[to]` on. Both `from` and `to` move, and `record` becomes where the last
 * record begins that was made. `output` has room for one record beyond the greater of `limit` and `to`.
 *
 * Returns true as soon as a record's end is beyond `limit`, false when all lines are done before that; the one in C 1
 * and 0. What is behind `output[to]` is of no meaning then.
 */
export type FillLines = (
  input: Uint8Array,
  output: Uint8Array,
  prefix: Uint8Array,
  state: Int32Array,
) => boolean | number;

/** Indices of its `state`. */
export const stateOf = { from: 0, to: 1, linesEnd: 2, limit: 3, record: 4 } as const;
export const stateNumbers = 5;

export const tagPart = 0x50;
const newline = 0x0a;

export function fillLines(
  input: Uint8Array,
  output: Uint8Array,
  prefix: Uint8Array,
  state: Int32Array,
): boolean {
  const linesEnd = state[stateOf.linesEnd]!;
  const limit = state[stateOf.limit]!;
  let from = state[stateOf.from]!;
  let to = state[stateOf.to]!;
  let isOver = false;
  while (from < linesEnd && !isOver) {
    const record = to;
    const lineEnd = input.indexOf(newline, from);
    const textEnd = lineEnd - from > recordTextBytesMax ? cutLine(input, from) : lineEnd;
    output.set(prefix, record);
    if (textEnd < lineEnd) output[record + tagAt] = tagPart;
    output.set(input.subarray(from, textEnd), record + prefixBytes);
    to = record + prefixBytes + (textEnd - from);
    output[to++] = newline;
    from = textEnd < lineEnd ? textEnd : lineEnd + 1;
    state[stateOf.record] = record;
    isOver = to > limit;
  }
  state[stateOf.from] = from;
  state[stateOf.to] = to;
  return isOver;
}
