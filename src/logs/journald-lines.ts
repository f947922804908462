// A stream's bytes -> lines of the journal. A read boundary never splits a line; one that is too long is cut into
// pieces. Pure, and without copying what a chunk has in full.

import { recordTextBytesMax } from './driver.ts';

/**
 * Takes a line, its newline included, or a piece of one: `buf[start, end)`. `partial` says that the line does not
 * end here, `first` that it begins here. `buf` is the caller's again afterwards.
 */
export type TakeLine = (
  buf: Uint8Array,
  start: number,
  end: number,
  partial: boolean,
  first: boolean,
) => void;

/** Puts lines together; one for each stream. */
export class JournalLines {
  readonly #take: TakeLine;
  /** The beginning of a line that has not ended yet. */
  readonly #held = new Uint8Array(recordTextBytesMax);
  #heldBytes = 0;
  /** Whether a piece of the current line has been given away already. */
  #cut = false;

  constructor(take: TakeLine) {
    this.#take = take;
  }

  /** Takes `buf[start, end)`; the `headRoomBytes` before `start` are overwritten. */
  write(buf: Uint8Array, start: number, end: number): void {
    let lineStart = start - this.#heldBytes;
    buf.set(this.#held.subarray(0, this.#heldBytes), lineStart);
    this.#heldBytes = 0;
    const chunk = buf.subarray(0, end);
    let scanFrom = start;
    for (;;) {
      const newlineAt = chunk.indexOf(newline, scanFrom);
      const textEnd = newlineAt < 0 ? end : newlineAt;
      while (textEnd - lineStart > recordTextBytesMax) {
        this.#giveAway(buf, lineStart, lineStart + recordTextBytesMax, true);
        lineStart += recordTextBytesMax;
      }
      if (newlineAt < 0) break;
      this.#giveAway(buf, lineStart, newlineAt + 1, false);
      scanFrom = newlineAt + 1;
      lineStart = scanFrom;
    }
    this.#held.set(buf.subarray(lineStart, end));
    this.#heldBytes = end - lineStart;
  }

  /** Gives away what is held of a line that will not go on. */
  end(): void {
    if (this.#heldBytes > 0) this.#giveAway(this.#held, 0, this.#heldBytes, true);
    this.#heldBytes = 0;
    this.#cut = false;
  }

  #giveAway(buf: Uint8Array, start: number, end: number, partial: boolean): void {
    const first = !this.#cut;
    this.#cut = partial;
    this.#take(buf, start, end, partial, first);
  }
}

const newline = 0x0a;
