// The journald log driver: the container's lines as entries of the system's journal.

import type { StreamName } from '../stream-name.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import type { LogDriver, Warn } from './driver.ts';
import { JournalEntry } from './journald-entry.ts';
import {
  type JournaldOptions,
  parsePriorityPrefix,
  priorityPrefixBytes,
  streamPriorities,
} from './journald-fields.ts';
import { JournalLines } from './journald-lines.ts';
import { JournalSocket } from './journald-socket.ts';
import { RoomWatch } from './room-watch.ts';

export interface JournaldDriver extends LogDriver {
  /** False while lines wait for the journal: until it is true again, nothing more should be written. */
  readonly hasRoom: boolean;
  /**
   * From here on a full journal is waited for by the reactor, and `onRoom` is called when {@link hasRoom} is true
   * again. Until then, and where {@link hasRoom} is not heeded, `write` itself waits.
   */
  waitBy(reactor: Reactor, onRoom: () => void): void;
}

/**
 * Opens the driver. It works without a journal too: entries are then counted as lost, until there is one.
 *
 * Throws a `Refusal` for an ID or label that cannot be, a `FatalError` when there can be no socket.
 */
export function openJournald(sys: Sys, options: JournaldOptions, warn: Warn): JournaldDriver {
  return new Journald(sys, options, warn);
}

class Journald implements JournaldDriver {
  readonly #entry: JournalEntry;
  readonly #socket: JournalSocket;
  readonly #lines: Readonly<Record<StreamName, JournalLines>>;
  readonly #watch: RoomWatch;
  /** Whether a line that finds the journal full may come again later. */
  #mayWait = false;

  constructor(sys: Sys, options: JournaldOptions, warn: Warn) {
    this.#entry = new JournalEntry(options);
    this.#socket = new JournalSocket(sys, warn);
    this.#watch = new RoomWatch(this.#socket.fd, {
      resume: () => this.#resumeByReactor(),
      giveUp: () => this.#socket.giveUp(),
    });
    this.#lines = { stdout: this.#linesOf('stdout', options), stderr: this.#linesOf('stderr', options) };
  }

  get hasRoom(): boolean {
    return !this.#watch.isOn;
  }

  waitBy(reactor: Reactor, onRoom: () => void): void {
    this.#watch.waitBy(reactor, onRoom);
  }

  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void {
    this.#finishWaiting();
    this.#mayWait = this.#watch.canStart;
    this.#lines[stream].write(buf, start, end);
    this.#mayWait = false;
    if (this.#lines[stream].isWaiting) this.#watch.start();
  }

  pause(): void {} // a line is one entry, however slowly it comes

  end(stream: StreamName): void {
    this.#finishWaiting();
    this.#lines[stream].end();
  }

  reopen(): void {}

  sync(): void {}

  close(): void {
    this.#finishWaiting();
    this.#watch.close();
    this.#socket.close();
  }

  #linesOf(stream: StreamName, options: JournaldOptions): JournalLines {
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
      return this.#send(this.#entry.fill(buf, textStart, end, priority, partial));
    });
  }

  #send(entryStart: number): boolean {
    const { bytes, end } = this.#entry;
    if (this.#mayWait && !this.#socket.trySend(bytes, entryStart, end)) return false;
    if (!this.#mayWait) this.#socket.send(bytes, entryStart, end);
    this.#watch.noteProgress();
    return true;
  }

  #resumeByReactor(): boolean {
    this.#mayWait = true;
    this.#resumeLines();
    this.#mayWait = false;
    return !this.#isWaiting;
  }

  /** Gets rid of what waits, by waiting here. */
  #finishWaiting(): void {
    if (!this.#watch.isOn) return;
    this.#resumeLines();
    this.#watch.stop();
  }

  get #isWaiting(): boolean {
    return this.#lines.stdout.isWaiting || this.#lines.stderr.isWaiting;
  }

  #resumeLines(): void {
    for (const lines of Object.values(this.#lines)) if (lines.isWaiting) lines.resume();
  }
}
