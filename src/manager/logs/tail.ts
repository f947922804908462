// Where the last lines of a log begin, found from its end.

import { EntryJoiner } from './entries.ts';
import type { Generation } from './generations.ts';
import { type Line, LineParts } from './line-parts.ts';
import { LineReader } from './line-reader.ts';
import { type LogStream, parseLine } from './record.ts';

/** Where to start reading, and how many of the entries from there on are not wanted. */
export interface TailStart {
  readonly generation: number;
  readonly offset: number;
  readonly skip: number;
}

/** Which entries are meant. */
export interface Selection {
  hasStream(record: { readonly stream: LogStream }): boolean;
  /** Asked of an entry's last record, or of the entry. */
  hasTime(record: { readonly timestamp: string }): boolean;
}

const blockBytes = 64 * 1024;

/** Finds the last `count` entries of a selection: those that reading all would answer last. They are looked for by
 * whole lines, since the pieces of a line that is longer than an entry are counted from its beginning; its `P` records may
 * lie far before its end, between records of the other stream. */
export async function findTail(
  generations: readonly Generation[],
  count: number,
  selection: Selection,
): Promise<TailStart> {
  const end = { generation: Math.max(0, generations.length - 1), offset: sizeOf(generations.at(-1)) };
  if (count === 0) return { ...end, skip: Number.POSITIVE_INFINITY };
  const start = await findLines(generations, count, selection, end);
  return { ...start, skip: Math.max(0, (await countEntries(generations, start, selection)) - count) };
}

type Place = Pick<TailStart, 'generation' | 'offset'>;

/** Where to read from so that the last `count` entries are there, each from its line's beginning. */
async function findLines(
  generations: readonly Generation[],
  count: number,
  selection: Selection,
  end: Place,
): Promise<Place> {
  /** Streams seen, and whether the oldest line found of each is wanted, and may go on before. */
  const open = new Map<LogStream, boolean>();
  let found = 0;
  let start = end;
  for await (const { line, place } of readBackwards(generations)) {
    const record = parseLine(line);
    if (!record || !selection.hasStream(record)) continue;
    const { stream, partial } = record;
    const unended = partial && !open.has(stream); // a `P` that nothing follows is the end of what there is
    const wanted = selection.hasTime(record) && (found < count || unended);
    if (wanted && (!partial || unended)) found += 1;
    // Of a line that ends too late, a piece may be in time.
    const goesOn = partial && open.get(stream) === true;
    if (wanted || goesOn) start = place;
    open.set(stream, wanted || goesOn);
    if (found >= count && ![...open.values()].includes(true)) break;
  }
  return start;
}

/** How many entries reading from there answers. */
async function countEntries(
  generations: readonly Generation[],
  start: Place,
  selection: Selection,
): Promise<number> {
  const joiner = new EntryJoiner();
  let entries = 0;
  for (const [index, generation] of generations.entries()) {
    if (index < start.generation) continue;
    const reader = new LineReader(generation, index === start.generation ? start.offset : 0);
    for await (const line of reader.read()) {
      const record = parseLine(line);
      const entry = record && selection.hasStream(record) ? joiner.take(record) : undefined;
      if (entry && selection.hasTime(entry)) entries += 1;
    }
  }
  return entries + joiner.rest().filter(entry => selection.hasTime(entry)).length;
}

interface Placed {
  readonly line: Line;
  readonly place: Place;
}

/** Yields whole lines, the last one first. */
async function* readBackwards(generations: readonly Generation[]): AsyncGenerator<Placed, void, undefined> {
  for (let generation = generations.length - 1; generation >= 0; generation--) {
    let end = sizeOf(generations[generation]);
    const parts = new LineParts();
    let complete = false; // what comes after the last newline is not a line yet
    while (end > 0) {
      const from = Math.max(0, end - blockBytes);
      const buffer = Buffer.alloc(end - from);
      const bytesRead = await generations[generation]!.read(buffer, 0, end - from, from);
      let lineEnd = bytesRead;
      for (let at = lastNewline(buffer, lineEnd); at >= 0; at = lastNewline(buffer, lineEnd)) {
        if (complete) {
          const line = parts.finishAtBeginning(buffer.subarray(at + 1, lineEnd));
          yield { line, place: { generation, offset: from + at + 1 } };
        }
        complete = true;
        lineEnd = at;
      }
      if (complete) parts.prepend(buffer.subarray(0, lineEnd));
      end = from;
    }
    if (complete) yield { line: parts.finishAtBeginning(Buffer.alloc(0)), place: { generation, offset: 0 } };
  }
}

function lastNewline(bytes: Buffer, before: number): number {
  return before === 0 ? -1 : bytes.lastIndexOf(0x0a, before - 1);
}

function sizeOf(generation: Generation | undefined): number {
  return generation === undefined ? 0 : generation.stat().size;
}
