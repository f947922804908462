// Records joined to the lines that the container wrote.

import { type LogRecord, type LogStream, parseTimestamp } from './record.ts';

/** One line of a container's output. */
export interface LogEntry {
  /** When its end was written. */
  readonly time: Date;
  /** The same with nine digits, as the log has it. */
  readonly timestamp: string;
  readonly stream: LogStream;
  /** The line's bytes, without the newline. */
  readonly data: Buffer;
  /** True where no newline has come: the log ends there, or the line is longer than 1 MiB. */
  readonly partial: boolean;
}

/** A line that is longer is handed out in pieces; a container that writes no newline must not fill the reader. */
const entryBytesMax = 1024 * 1024;

/** Joins the `P` records of each stream with the `F` record that ends them. */
export class EntryJoiner {
  readonly #pending = new Map<LogStream, { readonly texts: Buffer[]; length: number; timestamp: string }>();

  /** Takes a record; returns the entry that it completes. */
  take(record: LogRecord): LogEntry | undefined {
    const { stream, timestamp } = record;
    const pending = this.#pending.get(stream) ?? { texts: [], length: 0, timestamp };
    // Copied where it is kept: the text is a part of a buffer that is read into again.
    pending.texts.push(Buffer.from(record.text));
    pending.length += record.text.length;
    pending.timestamp = timestamp;
    const partial = record.partial;
    if (partial && pending.length < entryBytesMax) {
      this.#pending.set(stream, pending);
      return undefined;
    }
    this.#pending.delete(stream);
    return makeEntry(stream, pending, partial);
  }

  /** What is left at the end of the log. */
  rest(): LogEntry[] {
    const entries = [...this.#pending].map(([stream, pending]) => makeEntry(stream, pending, true));
    this.#pending.clear();
    return entries;
  }
}

function makeEntry(
  stream: LogStream,
  pending: { readonly texts: readonly Buffer[]; readonly timestamp: string },
  partial: boolean,
): LogEntry {
  const { timestamp, texts } = pending;
  const data = texts.length === 1 ? texts[0]! : Buffer.concat(texts);
  return { time: new Date(parseTimestamp(timestamp)), timestamp, stream, data, partial };
}
