// The journald log driver: the container's lines as entries of the system's journal.

import type { Sys } from '../sys/sys.ts';
import { type LogDriver, recordTextBytesMax, type StreamName, type Warn } from './driver.ts';
import {
  encodeFixedFields,
  type JournaldOptions,
  parsePriorityPrefix,
  priorityPrefixBytes,
  streamPriorities,
} from './journald-fields.ts';
import { JournalLines } from './journald-lines.ts';
import { JournalSocket } from './journald-socket.ts';

/**
 * Opens the driver. It works without a journal too: entries are then counted as lost, until there is one.
 *
 * Throws a `Refusal` for an ID or label that cannot be, a `FatalError` when there can be no socket.
 */
export function openJournald(sys: Sys, options: JournaldOptions, warn: Warn): LogDriver {
  const entry = new JournalEntry(options);
  const socket = new JournalSocket(sys, warn);
  const lines: Readonly<Record<StreamName, JournalLines>> = {
    stdout: linesOf('stdout', entry, socket, options),
    stderr: linesOf('stderr', entry, socket, options),
  };
  return {
    write: (stream, buf, start, end) => lines[stream].write(buf, start, end),
    pause() {}, // a line is one entry, however slowly it comes
    end: stream => lines[stream].end(),
    reopen() {},
    sync() {},
    close: () => socket.close(),
  };
}

function linesOf(
  stream: StreamName,
  entry: JournalEntry,
  socket: JournalSocket,
  options: JournaldOptions,
): JournalLines {
  const readsPrefix = options.journaldPriority === 'prefix';
  const ownPriority = streamPriorities[stream];
  let priority = ownPriority; // of the line, and so of all its pieces
  return new JournalLines((buf, start, end, partial, first) => {
    let textStart = start;
    if (first && readsPrefix) {
      const found = parsePriorityPrefix(buf, start, end);
      priority = found < 0 ? ownPriority : found;
      if (found >= 0) textStart += priorityPrefixBytes;
    }
    const entryStart = entry.fill(buf, textStart, end, priority, partial);
    socket.send(entry.bytes, entryStart, entry.end);
  });
}

/**
 * The one buffer that entries are made in. What changes is behind what does not:
 *
 *     CONTAINER_PARTIAL_MESSAGE=true, fixed fields, PRIORITY=N, MESSAGE with its length, text
 *     ^ a piece starts here           ^ a whole line here
 */
class JournalEntry {
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

  /** Makes an entry of the text `buf[start, end)`, and answers where it starts in {@link bytes}. */
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
const encoder = new TextEncoder();
const partialField = encoder.encode('CONTAINER_PARTIAL_MESSAGE=true\n');
// MESSAGE always in the form with a length: nearly every text ends in a newline, and any may have one inside.
const priorityAndMessage = encoder.encode('PRIORITY=6\nMESSAGE\n');
