// The files of one log: the current one and those rotated away, `LOG.1` being the youngest of these. A file that is
// open stays the same file whatever its name becomes; so files are opened at once when they are noticed, without a turn
// of the event loop between, and read later.

import { closeSync, fstatSync, openSync, read, type Stats, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { isMissing } from '../files.ts';

/** More rotated files than anybody keeps; the search ends at the first number that is missing anyway. */
const generationsMax = 1000;

const readFd = promisify(read);

/** One file of a log, open. */
export class Generation {
  /** Device and inode: no two files that are open have the same. */
  readonly identity: string;
  /** True where it had the log's own name, and no number, when it was opened. */
  readonly isCurrent: boolean;
  readonly #fd: number;

  /** Throws where it can't be opened. */
  constructor(path: string, isCurrent: boolean) {
    this.isCurrent = isCurrent;
    this.#fd = openSync(path, 'r');
    this.identity = identify(this.stat());
  }

  /** Returns how many bytes were read; 0 at the end. */
  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return (await readFd(this.#fd, buffer, offset, length, position)).bytesRead;
  }

  stat(): Stats {
    return fstatSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The files of a log in the order in which they were written, each of them once, whatever they are renamed to. */
export class Succession {
  readonly #path: string;
  readonly #rotated: boolean;
  /** What was answered: an open file has no mark, one that is done with has that of its last state. */
  readonly #known = new Map<string, string | undefined>();
  #newest: Generation | undefined;

  /** `rotated` is false where only the current file counts. */
  constructor(path: string, rotated: boolean) {
    this.#path = path;
    this.#rotated = rotated;
  }

  /** Opens those that are new since the last look, the oldest first. */
  look(): Generation[] {
    const newest = this.#newest;
    const current = statSync(this.#path, { throwIfNoEntry: false });
    if (newest && (current === undefined || identify(current) === newest.identity)) return [];
    const all = openGenerations(this.#path, this.#rotated);
    const young = newest ? this.#selectYounger(all, newest) : all;
    for (const generation of all) if (!young.includes(generation)) generation.close();
    for (const { identity } of young) this.#known.set(identity, undefined);
    this.#newest = young.at(-1) ?? newest;
    return young;
  }

  /** Closes one that has been read, or is not wanted. */
  finish(generation: Generation): void {
    this.#known.set(generation.identity, markOf(generation));
    generation.close();
  }

  /** Those after `newest`. Where that has a name of another kind by now, as kubelet gives, they are the current file, and
   * rotated ones that were written since and not answered before. An inode may be another file's later, but not with
   * the same size and time. */
  #selectYounger(all: readonly Generation[], newest: Generation): Generation[] {
    const index = all.findIndex(({ identity }) => identity === newest.identity);
    if (index >= 0) return all.slice(index + 1);
    const lastWritten = newest.stat().mtimeMs;
    return all.filter(generation => {
      const { identity, isCurrent } = generation;
      const mark = this.#known.get(identity);
      const isKnown = this.#known.has(identity) && (mark === undefined || mark === markOf(generation));
      return !isKnown && (isCurrent || generation.stat().mtimeMs >= lastWritten);
    });
  }
}

/** Opens all files of a log, the oldest first. A rotation meanwhile only moves files to higher numbers, so that going
 * up from the current one meets some twice but misses none. */
function openGenerations(path: string, rotated: boolean): Generation[] {
  const found = new Map<string, Generation>();
  for (let number = 0; number <= (rotated ? generationsMax : 0); number++) {
    const generation = openIfThere(path, number);
    // For a moment there is no current file, when it has been renamed and the new one is not there yet.
    if (generation === undefined && number > 0) break;
    if (generation === undefined) continue;
    if (found.has(generation.identity)) generation.close();
    else found.set(generation.identity, generation);
  }
  return [...found.values()].reverse();
}

function openIfThere(path: string, number: number): Generation | undefined {
  try {
    return new Generation(number === 0 ? path : `${path}.${number}`, number === 0);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function identify({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function markOf(generation: Generation): string {
  const { size, mtimeMs } = generation.stat();
  return `${size} ${mtimeMs}`;
}
