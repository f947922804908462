// The attach socket: the container's output to every client, their input to the container. Nothing here waits, and a
// client that fails costs that client alone.

import type { StreamName } from '../stream-name.ts';
import { EPOLLIN, SO_SNDBUF, SOCK_CLOEXEC, SOCK_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, ECONNABORTED, EINTR, errorWords } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import { IdleTimer } from '../sys/idle-timer.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { AttachClient, type ClientOwner } from './attach-client.ts';
import { AttachSocket, waitingClientsMax } from './attach-socket.ts';
import { broadcastBytesMax, PacketQueue, payloadBytesMax } from './packet-queue.ts';
import type { AttachPlace } from './socket-path.ts';

export interface AttachHooks {
  /** Where input is to be received, {@link receiveBytesMax} bytes; asked for each time, as others may use it in between. */
  receiveBuffer(): Uint8Array;
  /** `buf[start, end)` came from a client; it lies in the receive buffer, and must be copied. False takes it all the same,
   * but nothing more is read from any client until {@link AttachServer.resumeInput}. */
  onInput(buf: Uint8Array, start: number, end: number): boolean;
  /** A client sends no more, or has gone; once for each client. */
  onInputEnd(): void;
  /** `hasRoom` is true again. */
  onRoom(): void;
}

/** Binds the socket, listens, and serves on `reactor` from then on. Throws a FatalError when it cannot be bound. */
export function openAttachServer(
  sys: Sys,
  reactor: Reactor,
  where: AttachPlace,
  hooks: AttachHooks,
  warn: (message: string) => void,
): AttachServer {
  return new AttachServer(sys, reactor, new AttachSocket(sys, where), hooks, warn);
}

/** The type bytes that callers know. */
const streamTypes: Readonly<Record<StreamName, number>> = { stdout: 2, stderr: 3 };
/** More than a packet can have with the kernel's default send buffer (net.core.wmem_default, 212992 bytes). */
export const receiveBytesMax = 256 * 1024;
/** How long the listener is left alone when no fd or memory is to be had for a client. */
const acceptRestMs = 250;
/** How many clients' sockets hold a whole read. The others have what the kernel gives: its memory is used as well. */
const largeSocketsMax = 16;
/** How long memory is kept for what comes next. */
const keptMs = 1000;

export class AttachServer implements ClientOwner {
  /** False while the queue is near its bound: the container's output is then not to be read. While it is true there is
   * room for one more broadcast of as much as is read at a time. */
  hasRoom = true;
  /** False between an `onInput` that said so and `resumeInput`. */
  takesInput = true;
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly warn: (message: string) => void;
  readonly queue = new PacketQueue();
  readonly #socket: AttachSocket;
  readonly #hooks: AttachHooks;
  readonly #clients = new Set<AttachClient>();
  #isAccepting = true;
  #acceptRest: Timer | undefined;
  #stuckCheck: Timer | undefined;
  /** Noted when the queue keeps memory for what comes next. */
  readonly #queueUse: IdleTimer;

  constructor(
    sys: Sys,
    reactor: Reactor,
    socket: AttachSocket,
    hooks: AttachHooks,
    warn: (message: string) => void,
  ) {
    this.sys = sys;
    this.reactor = reactor;
    this.warn = warn;
    this.#socket = socket;
    this.#hooks = hooks;
    this.#queueUse = new IdleTimer(reactor, keptMs, () => this.queue.release());
    const answer = reactor.tryWatch(socket.fd, EPOLLIN, () => this.#accept());
    if (answer >= 0) return;
    socket.unlink();
    socket.close();
    throw new FatalError('Failed to watch attach socket', { errno: answer, syscall: 'epoll_ctl' });
  }

  /** Bytes that wait for clients; 0 when each has taken all. */
  get pending(): number {
    return this.queue.size;
  }

  /** Sends `buf[start, end)` to every client, in packets of at most 8192 bytes, or queues it. There must be a byte before
   * `start`. Leaves `buf` as it was, and does not keep it. */
  broadcast(stream: StreamName, buf: Uint8Array, start: number, end: number): void {
    this.#accept(); // who connected before this output was read gets it, whichever the reactor reports first
    if (this.#clients.size === 0) return;
    const type = streamTypes[stream];
    let places: readonly number[] | undefined;
    for (const client of this.#clients) {
      const rest = client.send(type, buf, start, end);
      if (rest >= end) continue;
      places ??= this.#enqueue(type, buf, start, end);
      client.waitAt(places[(rest - start) / payloadBytesMax]!);
    }
    if (places === undefined) return;
    this.queue.leave(places[0]!);
    this.onProgress();
  }

  /** Reads from clients again, after an `onInput` that returned false. */
  resumeInput(): void {
    if (this.takesInput) return;
    this.takesInput = true;
    for (const client of this.#clients) client.watch();
  }

  /** From now on, closes every client that takes nothing of what waits for it for `ms` milliseconds, and at the latest
   * after twice as long. For the end: a client that never reads would be waited for without end. */
  letGoOfStuckAfter(ms: number): void {
    this.#stuckCheck?.cancel();
    for (const client of this.#clients) client.hasTaken();
    this.#stuckCheck = this.reactor.after(ms, () => {
      for (const client of this.#clients) if (!client.hasTaken()) this.#letGo(client, ms);
      this.letGoOfStuckAfter(ms);
      this.onProgress();
    });
  }

  /** Takes the socket and its link out of the file system, and no more clients: what the end needs of fds is not theirs.
   * Clients that are attached stay so. */
  unlink(): void {
    this.#socket.unlink();
    this.#acceptRest?.cancel();
    this.#acceptRest = undefined;
    this.#isAccepting = false;
    this.reactor.rearm(this.#socket.fd, 0);
  }

  /** Closes the listener and every client, what is still queued for them with it. No hook is called. */
  close(): void {
    for (const timer of [this.#acceptRest, this.#stuckCheck]) timer?.cancel();
    this.reactor.forget(this.#socket.fd);
    this.#socket.close();
    for (const client of this.#clients) this.#drop(client);
  }

  // --- for the clients ---------------------------------------------------------------------------------------

  receiveBuffer(): Uint8Array {
    return this.#hooks.receiveBuffer();
  }

  onInput(buf: Uint8Array, start: number, end: number): void {
    if (!this.#hooks.onInput(buf, start, end)) this.takesInput = false;
  }

  onInputEnd(): void {
    this.#hooks.onInputEnd();
  }

  onGone(client: AttachClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#queueUse.cancel();
    this.queue.release();
  }

  onProgress(): void {
    const { hasRoom } = this;
    this.hasRoom = this.queue.hasRoom;
    if (this.queue.isKeeping) this.#queueUse.note();
    if (this.hasRoom && !hasRoom) this.#hooks.onRoom();
  }

  // All who have connected by now, and no more: a caller that connects without a pause would otherwise keep everything
  // else waiting, and who is gone would not be noticed.
  #accept(): void {
    for (let left = waitingClientsMax; left > 0 && this.#isAccepting && !this.#acceptRest; left--) {
      const fd = this.sys.accept4(this.#socket.fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd === -EAGAIN) return;
      if (fd >= 0) this.#serve(fd);
      else if (fd !== -EINTR && fd !== -ECONNABORTED) this.#refuseAWhile(fd);
    }
  }

  #serve(fd: number): void {
    // With the kernel's default a dozen packets fill a socket, and client and monitor wait for each other in turn.
    if (this.#clients.size < largeSocketsMax) this.sys.setsockopt(fd, SO_SNDBUF, broadcastBytesMax); // or less: no harm
    const client = new AttachClient(this, fd);
    this.#clients.add(client);
    const answer = client.start();
    if (answer >= 0) return;
    this.warn(`Dropping a client of the attach socket: Failed to watch fd ${fd}: ${errorWords(answer)}`);
    this.#drop(client);
  }

  // The connection stays in the backlog and would be reported again at once: without this, a monitor out of fds spins.
  #refuseAWhile(errno: number): void {
    this.warn(`Failed to accept client connection on attach socket: ${errorWords(errno)}`);
    this.reactor.rearm(this.#socket.fd, 0);
    this.#acceptRest = this.reactor.after(acceptRestMs, () => {
      this.#acceptRest = undefined;
      this.reactor.rearm(this.#socket.fd, EPOLLIN);
    });
  }

  /** Queues it for those who wait for any of it. Returns the places of its packets; the first is to be left when all who
   * wait have theirs. */
  #enqueue(type: number, buf: Uint8Array, start: number, end: number): number[] {
    const places: number[] = [];
    for (let at = start; at < end; at += payloadBytesMax)
      places.push(this.queue.push(type, buf, at, Math.min(end, at + payloadBytesMax)));
    this.queue.enter(places[0]!);
    return places;
  }

  #letGo(client: AttachClient, ms: number): void {
    this.warn(`Dropping a client of the attach socket: it has taken nothing for ${ms / 1000} s`);
    this.#drop(client);
  }

  #drop(client: AttachClient): void {
    client.close();
    this.onGone(client);
  }
}
