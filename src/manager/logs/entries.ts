// Records joined to the lines that the container wrote.

import { GrowingBytes } from './growing-bytes.ts';
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
  readonly #pending = new Map<LogStream, { readonly bytes: GrowingBytes; timestamp: string }>();

  /** Takes a record; returns the entry that it completes. */
  take({ stream, timestamp, partial, text }: LogRecord): LogEntry | undefined {
    const pending = this.#pending.get(stream);
    // Copied: the text is a part of a buffer that is read into again.
    if (pending === undefined && !partial) return makeEntry(stream, timestamp, Buffer.from(text), false);
    const { bytes } = pending ?? { bytes: new GrowingBytes() };
    bytes.append(text);
    if (partial && bytes.length < entryBytesMax) {
      this.#pending.set(stream, { bytes, timestamp });
      return undefined;
    }
    this.#pending.delete(stream);
    return makeEntry(stream, timestamp, bytes.finish(), partial);
  }

  /** What is left at the end of the log. */
  rest(): LogEntry[] {
    const entries = [...this.#pending].map(([stream, { bytes, timestamp }]) =>
      makeEntry(stream, timestamp, bytes.finish(), true),
    );
    this.#pending.clear();
    return entries;
  }
}

function makeEntry(stream: LogStream, timestamp: string, data: Buffer, partial: boolean): LogEntry {
  return { time: new Date(parseTimestamp(timestamp)), timestamp, stream, data, partial };
}
