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
  SO_SNDBUF,
} from '../sys/constants.ts';
import { EAGAIN, ECONNRESET, EINTR, ENOBUFS, ENOMEM } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { PieceQueue, type SlabPool } from './piece-queue.ts';

/** Podman's and CRI-O's buffers hold 8193 bytes: the type byte and this. */
const attachPayloadBytesMax = 8192;
/** What a client that does not read may hold back: 1 MiB, and the bytes of the pieces' lengths. */
export const queueSlabsMax = 16;
/** What the caller reads in one go and broadcasts must still fit. */
const broadcastSlabsMax = 4;
/** The largest read that a client's queue keeps room for. */
const broadcastBytesMax = broadcastSlabsMax * 8 * 8192;
/** How long a kernel short of memory is left alone. */
const restMs = 100;

/** The server, as far as a client needs it. */
export interface ClientOwner {
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly pool: SlabPool;
  readonly warn: (message: string) => void;
  /** False while nothing may be read from clients. */
  readonly takesInput: boolean;
  /** Where input is received: larger than any packet of a well-behaved client. */
  readonly receiveBuffer: Uint8Array;
  onInput(length: number): void;
  onInputEnd(): void;
  /** The client has been closed. */
  onGone(client: AttachClient): void;
  /** Something has been sent or given up. */
  onProgress(): void;
}

export class AttachClient {
  readonly #owner: ClientOwner;
  readonly #fd: number;
  readonly #queue: PieceQueue;
  #readable = true;
  #writable = true;
  #hungUp = false;
  /** The events watched for; -1 while the fd is not watched. */
  #watched = -1;
  #rest: Timer | undefined;
  /** What had not been taken when {@link hasTaken} was last called. */
  #untaken = -1;
  #unread = -1;

  /** Takes over `fd`, a connected socket. */
  constructor(owner: ClientOwner, fd: number) {
    this.#owner = owner;
    this.#fd = fd;
    this.#queue = new PieceQueue(owner.pool);
    // With the kernel's default a dozen packets fill the socket, and client and monitor wait for each other in turn.
    owner.sys.setsockopt(fd, SO_SNDBUF, broadcastBytesMax); // the kernel may allow less: no harm
  }

  /** Bytes that wait to be sent, the type bytes included. */
  get pending(): number {
    return this.#queue.bytes;
  }

  /** Whether one more broadcast of {@link broadcastBytesMax} stays within the bound. */
  get hasRoom(): boolean {
    return this.#queue.slabs <= queueSlabsMax - broadcastSlabsMax;
  }

  /** Whether it has taken something since the last call, or has nothing to take. The first call returns true. */
  hasTaken(): boolean {
    const unread = this.#ask(SIOCOUTQ);
    const isStuck = this.pending > 0 && this.pending === this.#untaken && unread === this.#unread;
    this.#untaken = this.pending;
    this.#unread = unread;
    return !isStuck;
  }

  /** Sends `buf[start, end)` now, in packets behind the byte `type`, or queues it behind those that wait. */
  deliver(type: number, buf: Uint8Array, start: number, end: number): void {
    for (let at = this.#sendMany(type, buf, start, end); at < end; at += attachPayloadBytesMax) {
      const before = buf[at - 1]!;
      buf[at - 1] = type; // a packet as it is sent: what was there is put back
      this.#deliverOne(buf, at - 1, 1 + Math.min(attachPayloadBytesMax, end - at));
      buf[at - 1] = before;
    }
  }

  /** Sends what the socket takes of several packets at once. Answers where the rest begins. */
  #sendMany(type: number, buf: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.#writable && this.#queue.bytes === 0 && end - at > attachPayloadBytesMax) {
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const { sys } = this.#owner;
      const sent = sys.sendmmsg(this.#fd, type, buf, at, end - at, attachPayloadBytesMax, flags);
      if (sent <= 0) break; // why, the next packet alone will tell
      at = Math.min(end, at + sent * attachPayloadBytesMax);
    }
    return at;
  }

  #deliverOne(buf: Uint8Array, offset: number, length: number): void {
    if (!this.#writable || (this.#queue.bytes === 0 && this.#send(buf, offset, length))) return;
    this.#queue.push(buf, offset, offset + length);
    this.watch();
  }

  /** Waits for what there is to wait for; to be called when the owner's `takesInput` has changed. */
  watch(): void {
    const { reactor } = this.#owner;
    const wanted = this.#wantedEvents();
    // A hang-up is reported again and again: an fd of which only that is to be expected is not watched at all.
    if (this.#hungUp && wanted === 0) {
      if (this.#watched >= 0) reactor.forget(this.#fd);
      this.#watched = -1;
      return;
    }
    if (wanted === this.#watched) return;
    if (this.#watched < 0) reactor.watch(this.#fd, wanted, events => this.#handle(events));
    else reactor.rearm(this.#fd, wanted);
    this.#watched = wanted;
  }

  /** Closes the connection so that the client still reads all that was sent, and then the end. */
  close(): void {
    const { sys, reactor } = this.#owner;
    this.#rest?.cancel();
    this.#queue.clear();
    if (this.#watched >= 0) reactor.forget(this.#fd);
    this.#watched = -1;
    sys.shutdown(this.#fd, SHUT_RDWR);
    this.#discardInput();
    sys.close(this.#fd);
  }

  #wantedEvents(): number {
    const input = this.#readable && this.#owner.takesInput ? EPOLLIN | EPOLLRDHUP : 0;
    return input | (this.#queue.bytes > 0 && !this.#rest ? EPOLLOUT : 0);
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

  #flush(): void {
    const queue = this.#queue;
    while (queue.bytes > 0 && this.#send(queue.slab, queue.offset, queue.length)) queue.drop(queue.length);
  }

  // False when the packet has to wait. A client that fails loses it, and all that follows.
  #send(buf: Uint8Array, offset: number, length: number): boolean {
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
    this.#queue.clear();
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
    const { sys, receiveBuffer } = this.#owner;
    const length = sys.recv(this.#fd, receiveBuffer, 0, receiveBuffer.length, MSG_DONTWAIT | MSG_TRUNC);
    if (length > receiveBuffer.length) this.#refuseInput(length);
    else if (length > 0) this.#owner.onInput(length);
    else if (length === 0) this.#receiveNothing(events);
    else if (length === -ECONNRESET) this.#endOutput();
    else if (length !== -EAGAIN && length !== -EINTR) this.#endInput();
  }

  // Nothing is either a packet without bytes, which has no meaning, or the end of the input.
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
  #refuseInput(length: number): void {
    const { sys, receiveBuffer, warn } = this.#owner;
    warn(
      `Dropping the input of an attach client: a packet of ${length} bytes is over ${receiveBuffer.length}`,
    );
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
