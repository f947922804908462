// The files of one log: the current one and those rotated away, `LOG.1` being the youngest of these. A file that is
// open stays the same file whatever its name becomes.

import { type FileHandle, open } from 'node:fs/promises';
import { isMissing } from '../files.ts';

/** One file of a log. */
export interface Generation {
  readonly handle: FileHandle;
  /** Device and inode: no two files that are open have the same. */
  readonly identity: string;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** More rotated files than anybody keeps; the search ends at the first number that is missing anyway. */
const generationsMax = 1000;

/** Opens all files of a log, the oldest first. A rotation meanwhile only moves files to higher numbers, so that going
 * up from the current one meets some twice but misses none. */
export async function openGenerations(path: string, rotated: boolean): Promise<Generation[]> {
  const found = new Map<string, Generation>();
  for (let number = 0; number <= (rotated ? generationsMax : 0); number++) {
    const generation = await openGeneration(number === 0 ? path : `${path}.${number}`);
    // For a moment there is no current file, when it has been renamed and the new one is not there yet.
    if (generation === undefined && number > 0) break;
    if (generation === undefined) continue;
    if (found.has(generation.identity)) await generation.handle.close();
    else found.set(generation.identity, generation);
  }
  return [...found.values()].reverse();
}

/** Those of `all` that came after `last`, the others closed. Where `last` is not among them any more, it was older
 * than all that were written since. */
export async function keepYounger(all: readonly Generation[], last: Generation): Promise<Generation[]> {
  const index = all.findIndex(({ identity }) => identity === last.identity);
  const lastWritten = (await last.handle.stat()).mtimeMs;
  const younger = all.filter((generation, at) =>
    index >= 0 ? at > index : generation.modifiedMs >= lastWritten,
  );
  for (const generation of all) if (!younger.includes(generation)) await generation.handle.close();
  return younger;
}

async function openGeneration(path: string): Promise<Generation | undefined> {
  try {
    const handle = await open(path, 'r');
    const { dev, ino, mtimeMs } = await handle.stat();
    return { handle, identity: `${dev}:${ino}`, modifiedMs: mtimeMs };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
