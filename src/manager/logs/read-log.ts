// Reading a k8s-file log, and following it through whatever becomes of the file.

import { basename, dirname } from 'node:path';
import { DirectoryWatch } from '../directory-watch.ts';
import { EntryJoiner, type LogEntry } from './entries.ts';
import { type Generation, Succession } from './generations.ts';
import { beginningBytesMax, type Line } from './line-parts.ts';
import { LineReader } from './line-reader.ts';
import { checkLogOptions, type LogOptions, type UnreadableLine } from './options.ts';
import { parseLine, parseTimestamp } from './record.ts';
import { findTail, type Selection } from './tail.ts';

/** Reads a log, oldest line first. `ended` settles when nothing will be written any more: then what there is is read
 * to its end, and the iteration ends. Without it, a log is followed for ever. Rejects with {@link ArgumentError} before
 * anything is read. */
export async function* readLog(
  path: string,
  options: LogOptions,
  ended?: Promise<unknown>,
): AsyncGenerator<LogEntry, void, undefined> {
  checkLogOptions(options);
  if (options.signal?.aborted) return;
  const joiner = new EntryJoiner();
  const selection = makeSelection(options);
  const lines = new LogLines(path, options, selection, ended);
  try {
    await lines.open();
    let skip = lines.skip;
    for await (const line of lines.read()) {
      const record = parseLine(line);
      if (!record) {
        options.onUnreadable?.(describeUnreadable(line));
        continue;
      }
      if (options.follow && selection.isLate(record)) break;
      const entry = selection.hasStream(record) ? joiner.take(record) : undefined;
      if (entry && selection.hasTime(entry) && skip-- <= 0) yield entry;
      if (options.signal?.aborted) return;
    }
    for (const entry of joiner.rest()) if (selection.hasTime(entry) && skip-- <= 0) yield entry;
  } finally {
    lines.close();
  }
}

function describeUnreadable({ bytes, length }: Line): UnreadableLine {
  return { beginning: Buffer.from(bytes.subarray(0, beginningBytesMax)), length };
}

interface FullSelection extends Selection {
  /** True for what is written after all that is wanted. */
  isLate(record: { readonly timestamp: string }): boolean;
}

function makeSelection(options: LogOptions): FullSelection {
  const since = options.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = options.until?.getTime() ?? Number.POSITIVE_INFINITY;
  const isLate = ({ timestamp }: { readonly timestamp: string }) => parseTimestamp(timestamp) >= until;
  return {
    hasStream: ({ stream }) => options.stream === undefined || options.stream === stream,
    hasTime: entry => parseTimestamp(entry.timestamp) >= since && !isLate(entry),
    isLate,
  };
}

class LogLines {
  /** How many entries at the beginning are not wanted. */
  skip = 0;
  readonly #path: string;
  readonly #options: LogOptions;
  readonly #selection: Selection;
  readonly #watch: DirectoryWatch;
  readonly #ended: Promise<unknown> | undefined;
  readonly #succession: Succession;
  #hasEnded = false;
  /** Open, and still to be read. */
  readonly #pending: Generation[] = [];
  #offset = 0;
  #change = Promise.withResolvers<void>();
  #stopListening: (() => void) | undefined;

  constructor(path: string, options: LogOptions, selection: Selection, ended?: Promise<unknown>) {
    this.#path = path;
    this.#options = options;
    this.#selection = selection;
    this.#watch = new DirectoryWatch(dirname(path), { persistent: true });
    this.#ended = ended;
    this.#succession = new Succession(path, options.rotated ?? true);
  }

  async open(): Promise<void> {
    const { follow, tail } = this.#options;
    // Watched before it is looked at: a change after the look is told.
    if (follow) this.#listen();
    this.#look();
    if (tail === undefined || this.#pending.length === 0) return;
    const start = await findTail([...this.#pending], tail, this.#selection);
    for (const unwanted of this.#pending.splice(0, start.generation)) this.#succession.finish(unwanted);
    this.#offset = start.offset;
    this.skip = start.skip;
  }

  async *read(): AsyncGenerator<Line, void, undefined> {
    let last: Generation | undefined;
    try {
      for (let more = true; more; more = await this.#findMore(last)) {
        for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
          if (last) this.#succession.finish(last);
          last = next;
          const reader = new LineReader(last, this.#offset);
          this.#offset = 0;
          yield* this.#readOne(reader);
        }
      }
    } finally {
      last?.close();
    }
  }

  close(): void {
    this.#stopListening?.();
    for (const generation of this.#pending.splice(0)) generation.close();
  }

  /** One file to its end; for the youngest of a log that is followed, until there is a younger one. */
  async *#readOne(reader: LineReader): AsyncGenerator<Line, void, undefined> {
    for (;;) {
      const change = this.#nextChange();
      const hadEnded = this.#hasEnded;
      yield* reader.read();
      if (!this.#options.follow) return;
      this.#look();
      if (this.#pending.length > 0) {
        // Nothing is written to it once there is a younger one; what came in between is.
        yield* reader.read();
        return;
      }
      if (hadEnded || this.#options.signal?.aborted) return;
      await change;
    }
  }

  /** For a log that was not there: waits for one. */
  async #findMore(last: Generation | undefined): Promise<boolean> {
    if (!this.#options.follow || last !== undefined || this.#options.signal?.aborted) return false;
    const change = this.#nextChange();
    const hadEnded = this.#hasEnded;
    this.#look();
    if (this.#pending.length > 0) return true;
    if (hadEnded) return false;
    await change;
    return true;
  }

  #look(): void {
    this.#pending.push(...this.#succession.look());
  }

  #listen(): void {
    const wake = () => this.#change.resolve();
    // Files are opened while they still have their name, however long the reader takes to come to them.
    const stop = this.#watch.listen(basename(this.#path), () => {
      try {
        this.#look();
      } catch {} // the reader looks too, and it can tell somebody
      wake();
    });
    const { signal } = this.#options;
    signal?.addEventListener('abort', wake, { once: true });
    const end = () => {
      this.#hasEnded = true;
      wake();
    };
    this.#ended?.then(end, end);
    this.#stopListening = () => {
      stop();
      signal?.removeEventListener('abort', wake);
    };
  }

  /** Resolves at the first change after this call. */
  #nextChange(): Promise<void> {
    this.#change = Promise.withResolvers();
    if (this.#options.signal?.aborted) this.#change.resolve();
    return this.#change.promise;
  }
}
