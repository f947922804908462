// The way to journald: one datagram an entry. Where C conmon waits for ever for a journal that does not read, this
// waits a bounded time, and then counts what is lost until the journal is back.

import {
  F_ADD_SEALS,
  F_SEAL_ALL,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../sys/constants.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINTR,
  EMSGSIZE,
  ENOBUFS,
  ENOMEM,
  ENOTCONN,
  EPIPE,
  errorWords,
} from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import { writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import type { Warn } from './driver.ts';
import { RoomWait } from './room-wait.ts';

/** sd_journal_sendv(3) has it fixed in libsystemd. */
const journalSocketPath = '/run/systemd/journal/socket';

/**
 * How long {@link JournalSocket.send} waits for a journal whose queue is full, in milliseconds; the monitor does
 * nothing else meanwhile. One that is only slow has room again long before.
 */
export const journalWaitMsMax = 2000;

/** The journal's socket; created with it, connected when there is something to say. */
export class JournalSocket {
  readonly #sys: Sys;
  readonly #warn: Warn;
  #fd: number;
  /** For waiting until there is room in the journal's queue. */
  readonly #room: RoomWait;
  #connected = false;
  /** Entries lost since the last one that went out. */
  #lost = 0;
  /** Whether a full queue is worth waiting for: not from the first lost entry until one goes out again. */
  #isPatient = true;

  /** Throws a {@link FatalError} when there can be no socket at all. */
  constructor(sys: Sys, warn: Warn) {
    this.#sys = sys;
    this.#warn = warn;
    this.#fd = sys.socket(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (this.#fd < 0)
      throw new FatalError('Failed to open journald socket', { errno: this.#fd, syscall: 'socket' });
    this.#room = new RoomWait(sys, this.#fd);
  }

  /** The socket, for EPOLLOUT to be watched on it. */
  get fd(): number {
    return this.#fd;
  }

  /** Sends the entry `buf[start, end)`, waiting where it must, or counts it as lost. */
  send(buf: Uint8Array, start: number, end: number): void {
    let answer = this.#attempt(buf, start, end);
    if (isFull(answer) && this.#isPatient) answer = this.#attemptUntil(buf, start, end);
    this.#noteAnswer(answer);
  }

  /** The same without waiting: returns false when the entry should be tried again later. */
  trySend(buf: Uint8Array, start: number, end: number): boolean {
    const answer = this.#attempt(buf, start, end);
    if (isFull(answer) && this.#isPatient) return false;
    this.#noteAnswer(answer);
    return true;
  }

  /** From here on entries that find the journal full are lost at once, until it takes one. */
  giveUp(): void {
    this.#isPatient = false;
  }

  close(): void {
    if (this.#fd < 0) return;
    if (this.#lost > 0) this.#warn(`Failed to send ${countEntries(this.#lost)} to journald`);
    this.#room.close();
    this.#sys.close(this.#fd);
    this.#fd = -1;
  }

  #noteAnswer(answer: number): void {
    this.#isPatient = answer >= 0;
    if (answer < 0) this.#lose(answer);
    else if (this.#lost > 0) this.#recover();
  }

  #attemptUntil(buf: Uint8Array, start: number, end: number): number {
    let answer = -EAGAIN;
    this.#room.retry(journalWaitMsMax, () => {
      answer = this.#attempt(buf, start, end);
      return !isFull(answer);
    });
    return answer;
  }

  #attempt(buf: Uint8Array, start: number, end: number): number {
    const answer = this.#connectAndSend(buf, start, end);
    if (!isGone(answer)) return answer;
    this.#connected = false; // whoever was there is gone, but another may have taken the place
    return this.#connectAndSend(buf, start, end);
  }

  #connectAndSend(buf: Uint8Array, start: number, end: number): number {
    if (!this.#connected) {
      const answer = this.#sys.connect(this.#fd, journalSocketPath);
      if (answer < 0) return answer;
      this.#connected = true;
    }
    const answer = this.#sys.send(this.#fd, buf, start, end - start, MSG_DONTWAIT | MSG_NOSIGNAL);
    return isTooLarge(answer) ? this.#sendByMemfd(buf, start, end) : answer;
  }

  /** The journal takes an entry of any size as a file that nobody can change any more. */
  #sendByMemfd(buf: Uint8Array, start: number, end: number): number {
    const memfd = this.#sys.memfdCreate('journal-entry');
    if (memfd < 0) return memfd;
    let answer = writeAll(this.#sys, memfd, buf.subarray(start, end));
    if (answer >= 0) answer = this.#sys.fcntl(memfd, F_ADD_SEALS, F_SEAL_ALL);
    if (answer >= 0)
      answer = this.#sys.sendFdTo(this.#fd, memfd, MSG_DONTWAIT | MSG_NOSIGNAL, journalSocketPath);
    this.#sys.close(memfd);
    return answer;
  }

  #lose(errno: number): void {
    this.#lost++;
    if (this.#lost > 1) return;
    this.#warn(`Failed to send to journald, entries are lost until it is back: ${errorWords(errno)}`);
  }

  #recover(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#warn(`journald is back, ${countEntries(lost)} had been lost`);
  }
}

function isFull(answer: number): boolean {
  return answer === -EAGAIN || answer === -EINTR;
}

function isGone(answer: number): boolean {
  return answer === -ECONNREFUSED || answer === -ENOTCONN || answer === -ECONNRESET || answer === -EPIPE;
}

function isTooLarge(answer: number): boolean {
  return answer === -EMSGSIZE || answer === -ENOBUFS || answer === -ENOMEM;
}

function countEntries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
