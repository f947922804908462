// Where the last lines of a log begin, found from its end.

import type { Generation } from './generations.ts';
import { type LogStream, parseRecord } from './record.ts';

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

/** Finds the last `count` entries of a selection. An entry is all there: its `P` records may lie far before its
 * end, between records of the other stream. */
export async function findTail(
  generations: readonly Generation[],
  count: number,
  selection: Selection,
): Promise<TailStart> {
  /** Streams seen, and whether the oldest entry found of each may go on before. */
  const open = new Map<LogStream, boolean>();
  let entries = 0;
  let start = { generation: Math.max(0, generations.length - 1), offset: sizeOf(generations.at(-1)) };
  for await (const { line, ...place } of readBackwards(generations)) {
    const record = parseRecord(line);
    if (!record || !selection.hasStream(record)) continue;
    const { stream, partial } = record;
    const ends = !partial || !open.has(stream); // a `P` that nothing follows is the end of what there is
    const taken = ends && selection.hasTime(record) && (entries < count || (partial && count > 0));
    if (taken) entries += 1;
    if (taken || (partial && open.get(stream))) start = place;
    open.set(stream, taken || (partial && open.get(stream) === true));
    if (entries >= count && ![...open.values()].includes(true)) break;
  }
  // Entries of one stream that lie between the parts of another's were met, and not taken.
  return { ...start, skip: (await countEntries(generations, start, selection)) - entries };
}

async function countEntries(
  generations: readonly Generation[],
  start: { readonly generation: number; readonly offset: number },
  selection: Selection,
): Promise<number> {
  let entries = 0;
  const seen = new Set<LogStream>();
  for await (const { line, generation, offset } of readBackwards(generations)) {
    if (generation < start.generation || (generation === start.generation && offset < start.offset)) break;
    const record = parseRecord(line);
    if (!record || !selection.hasStream(record)) continue;
    const ends = !record.partial || !seen.has(record.stream);
    if (ends && selection.hasTime(record)) entries += 1;
    seen.add(record.stream);
  }
  return entries;
}

interface Placed {
  readonly line: Buffer;
  readonly generation: number;
  readonly offset: number;
}

/** Yields whole lines, the last one first. */
async function* readBackwards(generations: readonly Generation[]): AsyncGenerator<Placed, void, undefined> {
  for (let generation = generations.length - 1; generation >= 0; generation--) {
    let end = sizeOf(generations[generation]);
    let carry: Buffer = Buffer.alloc(0);
    let complete = false; // what comes after the last newline is not a line yet
    while (end > 0) {
      const from = Math.max(0, end - blockBytes);
      const buffer = Buffer.alloc(end - from);
      const bytesRead = await generations[generation]!.read(buffer, 0, end - from, from);
      const bytes = Buffer.concat([buffer.subarray(0, bytesRead), carry]);
      let lineEnd = bytes.length;
      for (let at = bytes.lastIndexOf(0x0a); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1)) {
        if (complete) yield { line: bytes.subarray(at + 1, lineEnd), generation, offset: from + at + 1 };
        complete = true;
        lineEnd = at;
      }
      carry = bytes.subarray(0, lineEnd);
      end = from;
    }
    if (complete) yield { line: carry, generation, offset: 0 };
  }
}

function sizeOf(generation: Generation | undefined): number {
  return generation === undefined ? 0 : generation.stat().size;
}
