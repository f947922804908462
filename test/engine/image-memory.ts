// The image of a running monitor: what of it has changed since it was read from the executable.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** A part of the image, as the process has it and as the executable has it. */
interface ChangedBlock {
  /** Where its bytes begin in the image. */
  readonly at: number;
  readonly bytes: number;
  /** Offsets in the block of words of 8 bytes that differ. */
  readonly words: readonly number[];
}

export interface ImageChanges {
  readonly blocks: readonly ChangedBlock[];
  /** Blocks in use, and of them those that say in the executable that nobody counts them. */
  readonly blocksCount: number;
  readonly uncounted: number;
  /** Of those, the ones that do not say so in the process. */
  readonly counted: number;
  /** Pages of the segment of data, the image among it, that the process has for itself. */
  readonly ownPages: readonly number[];
}

/** In src/engine/settle.h. */
const uncountedMark = 1 << 30;
const pageBytes = 4096;

export function compareImage(executable: string, pid: number): ImageChanges {
  const section = readSection(executable, 'conmon_image');
  const now = readMemory(pid, section.address, section.bytes.length);
  const blocks = listBlocks(section);
  const changed: ChangedBlock[] = [];
  let [uncounted, counted, reached] = [0, 0, 0];
  for (const { at, bytes } of blocks) {
    // Between blocks there is nothing that changes.
    if (section.bytes.compare(now, reached, at, reached, at) !== 0)
      changed.push({ at: reached, bytes: 0, words: [] });
    reached = at + bytes;
    const words: number[] = [];
    for (let i = at; i < at + bytes; i += 8)
      if (section.bytes.compare(now, i, i + 8, i, i + 8) !== 0) words.push(i - at);
    if (words.length > 0) changed.push({ at, bytes, words });
    // The count is in the first word of a block, in either half of it.
    for (const i of bytes === 0 ? [] : [at, at + 4]) {
      if (section.bytes.readInt32LE(i) !== uncountedMark) continue;
      uncounted++;
      if (now.readInt32LE(i) !== uncountedMark) counted++;
    }
  }
  const ownPages = listOwnPages(pid, section.address);
  return { blocks: changed, blocksCount: blocks.length, uncounted, counted, ownPages };
}

interface Section {
  readonly address: number;
  readonly bytes: Buffer;
}

/** Of an ELF file of 64 bits. */
function readSection(path: string, wanted: string): Section {
  const file = readFileSync(path);
  const number = (at: number) => Number(file.readBigUInt64LE(at));
  const headers = Array.from(
    { length: file.readUInt16LE(0x3c) },
    (_, i) => number(0x28) + i * file.readUInt16LE(0x3a),
  );
  const names = number(headers[file.readUInt16LE(0x3e)]! + 0x18);
  for (const header of headers) {
    const name = names + file.readUInt32LE(header);
    if (file.toString('latin1', name, file.indexOf(0, name)) !== wanted) continue;
    const start = number(header + 0x18);
    return { address: number(header + 0x10), bytes: file.subarray(start, start + number(header + 0x20)) };
  }
  throw new Error(`${path} has no section ${wanted}`);
}

/** As src/engine/heap.c lays them: the size with a lowest bit that says whether it is free, then the bytes. */
function listBlocks({ address, bytes }: Section): { at: number; bytes: number }[] {
  const [arena, used] = findArena(address, bytes);
  const blocks: { at: number; bytes: number }[] = [];
  for (let at = arena; at < arena + used; ) {
    const word = Number(bytes.readBigUInt64LE(at));
    const size = word - (word % 8);
    if (word % 2 === 0) blocks.push({ at: at + 8, bytes: size });
    at += 8 + size;
  }
  return blocks;
}

/** By the image's state, which lies beside it: its address, its length in whole pages, how much of it is used. */
function findArena(address: number, bytes: Buffer): [start: number, used: number] {
  for (let at = 0; at + 24 <= bytes.length; at += 8) {
    const [start, length, used] = [0, 8, 16].map(i => Number(bytes.readBigUInt64LE(at + i))) as [
      number,
      number,
      number,
    ];
    const isWhole = start % pageBytes === 0 && length % pageBytes === 0 && length > bytes.length / 2;
    if (isWhole && start >= address && start + length <= address + bytes.length && used <= length)
      return [start - address, used];
  }
  throw new Error('no state of the image');
}

function readMemory(pid: number, address: number, bytes: number): Buffer {
  return readAt(`/proc/${pid}/mem`, address, bytes);
}

/** In the mapping that `address` is in: the pages that are no longer the file's. */
function listOwnPages(pid: number, address: number): number[] {
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const [start, end] = line.split(/[- ]/, 2).map(each => Number.parseInt(each, 16)) as [number, number];
    if (!(start <= address && address < end)) continue;
    const first = start / pageBytes;
    const count = (end - start) / pageBytes;
    const entries = readAt(`/proc/${pid}/pagemap`, first * 8, count * 8);
    const isOwn = (i: number) => {
      const entry = entries.readBigUInt64LE(i * 8);
      return entry >> 63n === 1n && (entry >> 61n) % 2n === 0n; // is there, and is no file's
    };
    return Array.from({ length: count }, (_, i) => i)
      .filter(isOwn)
      .map(i => first + i);
  }
  throw new Error('the image is not mapped');
}

function readAt(path: string, at: number, bytes: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    for (let got = 0; got < bytes; ) {
      const count = readSync(fd, buffer, got, bytes - got, at + got);
      if (count === 0) throw new Error(`${path} ends early`);
      got += count;
    }
    return buffer;
  } finally {
    closeSync(fd);
  }
}
