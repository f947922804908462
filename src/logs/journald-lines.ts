// A stream's bytes -> lines of the journal. A read boundary never splits a line; one that is too long is cut into
// pieces. Pure, and without copying what a chunk has in full.

import { recordTextBytesMax } from './driver.ts';
import { cutLine } from './utf8-cut.ts';

/**
 * Takes a line, its newline included, or a piece of one: `buf[start, end)`. `partial` says that the line does not
 * end here, `first` that it begins here. `buf` is the caller's again afterwards. Returns false to have the same
 * again later, from {@link JournalLines.resume}.
 */
export type TakeLine = (
  buf: Uint8Array,
  start: number,
  end: number,
  partial: boolean,
  first: boolean,
) => boolean;

/** Puts lines together; one for each stream. */
export class JournalLines {
  readonly #take: TakeLine;
  /** The beginning of a line that has not ended yet. */
  readonly #held = new Uint8Array(recordTextBytesMax);
  #heldBytes = 0;
  /** From the line on that was not taken. */
  #waiting: Uint8Array = nothing;
  /** Whether a piece of the current line has been taken already. */
  #cut = false;

  constructor(take: TakeLine) {
    this.#take = take;
  }

  /** Whether something was not taken: {@link write} must not be called until {@link resume} got rid of it. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes `buf[start, end)`; the `headRoomBytes` before `start` are overwritten. */
  write(buf: Uint8Array, start: number, end: number): void {
    const lineStart = start - this.#heldBytes;
    buf.set(this.#held.subarray(0, this.#heldBytes), lineStart);
    this.#heldBytes = 0;
    const left = this.#split(buf, lineStart, start, end);
    if (left.length > 0) this.#waiting = new Uint8Array(left); // a copy: the buffer is the caller's
  }

  /** Gives away what was not taken. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#split(waiting, 0, 0, waiting.length);
  }

  /** Gives away what is held of a line that will not go on; whoever takes must take it now. */
  end(): void {
    if (this.#heldBytes > 0) this.#giveAway(this.#held, 0, this.#heldBytes, true);
    this.#heldBytes = 0;
    this.#cut = false;
  }

  /** Returns what was not taken, a part of `buf`. */
  #split(buf: Uint8Array, from: number, firstUnscanned: number, end: number): Uint8Array {
    const chunk = buf.subarray(0, end);
    let lineStart = from;
    let scanFrom = firstUnscanned;
    for (;;) {
      const newlineAt = chunk.indexOf(newline, scanFrom);
      const textEnd = newlineAt < 0 ? end : newlineAt;
      while (textEnd - lineStart > recordTextBytesMax) {
        const pieceEnd = cutLine(buf, lineStart);
        if (!this.#giveAway(buf, lineStart, pieceEnd, true)) return chunk.subarray(lineStart);
        lineStart = pieceEnd;
      }
      if (newlineAt < 0) break;
      if (!this.#giveAway(buf, lineStart, newlineAt + 1, false)) return chunk.subarray(lineStart);
      scanFrom = newlineAt + 1;
      lineStart = scanFrom;
    }
    this.#held.set(chunk.subarray(lineStart));
    this.#heldBytes = end - lineStart;
    return nothing;
  }

  #giveAway(buf: Uint8Array, start: number, end: number, partial: boolean): boolean {
    if (!this.#take(buf, start, end, partial, !this.#cut)) return false;
    this.#cut = partial;
    return true;
  }
}

const newline = 0x0a;
const nothing = new Uint8Array(0);
