// A line and its fields -> the datagram that journald takes. Pure.

import { utf8Bytes } from '../sys/text.ts';
import { recordTextBytesMax } from './driver.ts';
import { encodeFixedFields, type JournaldOptions } from './journald-fields.ts';

/**
 * The one buffer that entries are made in. What changes is behind what does not:
 *
 *     CONTAINER_PARTIAL_MESSAGE=true, fixed fields, PRIORITY=N, MESSAGE with its length, text
 *     ^ a piece starts here           ^ a whole line here
 */
export class JournalEntry {
  readonly bytes: Uint8Array;
  readonly #wholeStart: number;
  readonly #partialStart: number;
  readonly #priorityAt: number;
  readonly #textAt: number;
  readonly #textLength: DataView;
  #end = 0;

  constructor(options: JournaldOptions) {
    const fixed = encodeFixedFields(options);
    this.#wholeStart = partialField.length;
    this.#partialStart = options.noContainerPartialMessage ? this.#wholeStart : 0;
    this.#priorityAt = this.#wholeStart + fixed.length + 'PRIORITY='.length;
    const lengthAt = this.#wholeStart + fixed.length + priorityAndMessage.length;
    this.#textAt = lengthAt + 8;
    this.bytes = new Uint8Array(this.#textAt + recordTextBytesMax + '\n\n'.length);
    this.bytes.set(partialField);
    this.bytes.set(fixed, this.#wholeStart);
    this.bytes.set(priorityAndMessage, this.#wholeStart + fixed.length);
    this.#textLength = new DataView(this.bytes.buffer, lengthAt, 8);
  }

  /** Where the entry that was filled in last ends in {@link bytes}. */
  get end(): number {
    return this.#end;
  }

  /** Makes an entry of the text `buf[start, end)`, and returns where it starts in {@link bytes}. */
  fill(buf: Uint8Array, start: number, end: number, priority: number, partial: boolean): number {
    this.bytes[this.#priorityAt] = digitZero + priority;
    this.#textLength.setUint32(0, end - start, true); // the length's upper half stays 0
    this.bytes.set(buf.subarray(start, end), this.#textAt);
    this.#end = this.#textAt + (end - start);
    this.bytes[this.#end++] = newline;
    return partial ? this.#partialStart : this.#wholeStart;
  }
}

const newline = 0x0a;
const digitZero = 0x30;
const partialField = utf8Bytes('CONTAINER_PARTIAL_MESSAGE=true\n');
// MESSAGE always in the form with a length: nearly every text ends in a newline, and any may have one inside.
const priorityAndMessage = utf8Bytes('PRIORITY=6\nMESSAGE\n');
