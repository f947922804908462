// One connection to the attach socket. Its two directions end apart from each other: a client may send no more input
// and still read, or may be gone while what it sent is still to be taken.

import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  FIONREAD,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SIOCOUTQ,
} from '../sys/constants.ts';
import { EAGAIN, ECONNRESET, EINTR, ENOBUFS, ENOMEM } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { noPlace, type PacketQueue, payloadBytesMax } from './packet-queue.ts';

/** How long a kernel short of memory is left alone. */
const restMs = 100;

/** The server, as far as a client needs it. */
export interface ClientOwner {
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly queue: PacketQueue;
  readonly warn: (message: string) => void;
  /** False while nothing may be read from clients. */
  readonly takesInput: boolean;
  /** Where input is received: larger than any packet of a well-behaved client. */
  receiveBuffer(): Uint8Array;
  onInput(buf: Uint8Array, start: number, end: number): void;
  onInputEnd(): void;
  /** The client has been closed. */
  onGone(client: AttachClient): void;
  /** Something has been sent or given up, and the queue may have become shorter. */
  onProgress(): void;
}

export class AttachClient {
  readonly #owner: ClientOwner;
  readonly #fd: number;
  #readable = true;
  #writable = true;
  #hungUp = false;
  /** Where the packet that it is to get next lies in the owner's queue. */
  #place = noPlace;
  /** The events watched for. */
  #watched = 0;
  #rest: Timer | undefined;
  /** What {@link hasTaken} found when it was last called. */
  #placeBefore = noPlace;
  #unreadBefore = -1;

  /** Takes over `fd`, a connected socket. */
  constructor(owner: ClientOwner, fd: number) {
    this.#owner = owner;
    this.#fd = fd;
  }

  /** Handles what happens from now on. Returns 0, or -errno where the kernel refuses to tell: only now can it. */
  start(): number {
    this.#watched = this.#wantedEvents();
    return this.#owner.reactor.tryWatch(this.#fd, this.#watched, events => this.#handle(events));
  }

  /** Whether it has taken something since the last call, or has nothing to take. The first call returns true. */
  hasTaken(): boolean {
    const unread = this.#ask(SIOCOUTQ);
    const isStuck = this.#isBehind && this.#place === this.#placeBefore && unread === this.#unreadBefore;
    this.#placeBefore = this.#place;
    this.#unreadBefore = unread;
    return !isStuck;
  }

  /** Sends `buf[start, end)`, in packets behind the byte `type`, as far as the socket takes it now and nothing waits.
   * Returns where the rest begins, which the client must be told to {@link waitAt}. */
  send(type: number, buf: Uint8Array, start: number, end: number): number {
    if (this.#isBehind) return start;
    for (let at = this.#sendMany(type, buf, start, end); at < end && this.#writable; at += payloadBytesMax) {
      const before = buf[at - 1]!;
      buf[at - 1] = type; // a packet as it is sent: what was there is put back
      const isSent = this.#sendOne(buf, at - 1, 1 + Math.min(payloadBytesMax, end - at));
      buf[at - 1] = before;
      if (!isSent) return at;
    }
    return end;
  }

  /** The packets from `place` on wait in the queue. Does nothing when others before them do. */
  waitAt(place: number): void {
    if (this.#isBehind) return;
    this.#place = place;
    this.#owner.queue.enter(place);
    this.watch();
  }

  /** Waits for what there is to wait for; to be called when the owner's `takesInput` has changed. */
  watch(): void {
    const wanted = this.#wantedEvents();
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    this.#owner.reactor.rearm(this.#fd, wanted);
  }

  /** Closes the connection so that the client still reads all that was sent, and then the end. */
  close(): void {
    const { sys, reactor } = this.#owner;
    this.#rest?.cancel();
    this.#leaveQueue();
    reactor.forget(this.#fd);
    sys.shutdown(this.#fd, SHUT_RDWR);
    this.#discardInput();
    sys.close(this.#fd);
  }

  #wantedEvents(): number {
    const input = this.#readable && this.#owner.takesInput ? EPOLLIN | EPOLLRDHUP : 0;
    return input | (this.#isBehind && !this.#rest ? EPOLLOUT : 0);
  }

  #handle(events: number): void {
    if (events & EPOLLOUT) this.#flush();
    if (events & (EPOLLHUP | EPOLLERR)) {
      this.#hungUp = true;
      this.#endOutput();
    }
    if (events & ~EPOLLOUT && this.#readable) this.#takeInput(events);
    if (this.#readable || this.#writable) this.watch();
    else {
      this.close();
      this.#owner.onGone(this);
    }
    this.#owner.onProgress();
  }

  get #isBehind(): boolean {
    return this.#place !== noPlace;
  }

  #flush(): void {
    const { queue } = this.#owner;
    while (this.#isBehind) {
      queue.find(this.#place);
      if (!this.#sendOne(queue.packet, queue.offset, queue.length)) return;
      if (this.#isBehind) this.#place = queue.advance(this.#place);
    }
  }

  #leaveQueue(): void {
    if (this.#isBehind) this.#owner.queue.leave(this.#place);
    this.#place = noPlace;
  }

  /** Sends what the socket takes of several packets at once. Returns where the rest begins. */
  #sendMany(type: number, buf: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.#writable && end - at > payloadBytesMax) {
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const { sys } = this.#owner;
      const sent = sys.sendmmsg(this.#fd, type, buf, at, end - at, payloadBytesMax, flags);
      if (sent <= 0) break; // why, the next packet alone will tell
      at = Math.min(end, at + sent * payloadBytesMax);
    }
    return at;
  }

  // False when the packet has to wait. A client that fails loses it, and all that follows.
  #sendOne(buf: Uint8Array, offset: number, length: number): boolean {
    let sent: number;
    do sent = this.#owner.sys.send(this.#fd, buf, offset, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent === -EINTR);
    if (sent === -EAGAIN) return false;
    if (sent === -ENOBUFS || sent === -ENOMEM) {
      this.#restAWhile();
      return false;
    }
    if (sent < 0) this.#endOutput();
    return true;
  }

  // The shutdown makes a client that sends no input either report a hang-up, and only that closes it: the number of
  // its fd is then not reused while events of this turn may still name it.
  #endOutput(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#leaveQueue();
    this.#owner.sys.shutdown(this.#fd, SHUT_WR);
  }

  #restAWhile(): void {
    this.#rest ??= this.#owner.reactor.after(restMs, () => {
      this.#rest = undefined;
      this.watch();
    });
  }

  // A client that has gone without leaving anything to read need not be kept until input is wanted again.
  #takeInput(events: number): void {
    if (this.#owner.takesInput) this.#receive(events);
    else if (this.#hungUp && !this.#hasInput()) this.#endInput();
  }

  #receive(events: number): void {
    const buf = this.#owner.receiveBuffer();
    const length = this.#owner.sys.recv(this.#fd, buf, 0, buf.length, MSG_DONTWAIT | MSG_TRUNC);
    if (length > buf.length) this.#refuseInput(length, buf.length);
    else if (length > 0) this.#owner.onInput(buf, 0, length);
    else if (length === 0) this.#receiveNothing(events);
    else if (length === -ECONNRESET) this.#endOutput();
    else if (length !== -EAGAIN && length !== -EINTR) this.#endInput();
  }

  // recv(2) returns 0 for a packet without bytes, which is ignored, and for the end of the input.
  #receiveNothing(events: number): void {
    if ((events & (EPOLLRDHUP | EPOLLHUP)) === 0) return;
    if (!this.#hasInput()) this.#endInput();
  }

  #hasInput(): boolean {
    return this.#ask(FIONREAD) > 0;
  }

  #ask(request: number): number {
    const bytes = new Int32Array(2); // the int that is asked for, and what the addon wants as the least
    this.#owner.sys.ioctl(this.#fd, request, new Uint8Array(bytes.buffer));
    return bytes[0]!;
  }

  // The rest of the packet is lost, and input with a hole in it is worse than none.
  #refuseInput(length: number, lengthMax: number): void {
    const { sys, warn } = this.#owner;
    warn(`Dropping the input of an attach client: a packet of ${length} bytes is over ${lengthMax}`);
    sys.shutdown(this.#fd, SHUT_RD);
    this.#endInput();
  }

  #endInput(): void {
    this.#readable = false;
    this.#owner.onInputEnd();
  }

  // Input that is still unread when a socket is closed turns into ECONNRESET at its peer, which then does not read
  // the output that lies before it.
  #discardInput(): void {
    const firstByte = new Uint8Array(1);
    let length: number;
    do length = this.#owner.sys.recv(this.#fd, firstByte, 0, 1, MSG_DONTWAIT);
    while (length > 0 || length === -EINTR || length === -ECONNRESET);
  }
}
