// The attach socket: the container's output to every client, their input to the container. Nothing here waits, and a
// client that fails costs that client alone.

import { EPOLLIN, SOCK_CLOEXEC, SOCK_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, ECONNABORTED, EINTR, errorWords } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { AttachClient, type ClientOwner, queueSlabsMax } from './attach-client.ts';
import { AttachSocket } from './attach-socket.ts';
import { SlabPool } from './piece-queue.ts';
import type { AttachPlace } from './socket-path.ts';

export interface AttachHooks {
  /** `buf[start, end)` came from a client; it is the server's own and must be copied. False takes it all the same,
   * but nothing more is read from any client until {@link AttachServer.resumeInput}. */
  onInput(buf: Uint8Array, start: number, end: number): boolean;
  /** A client sends no more, or has gone; once for each client. */
  onInputEnd(): void;
  /** `hasRoom` is true again. */
  onRoom(): void;
  /** `pending` is 0 again. */
  onFlushed(): void;
}

export type OutputStream = 'stdout' | 'stderr';

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
const streamTypes: Readonly<Record<OutputStream, number>> = { stdout: 2, stderr: 3 };
/** More than a packet can have with the kernel's default send buffer (net.core.wmem_default, 212992 bytes). */
const receiveBytesMax = 256 * 1024;
/** How long the listener is left alone when no fd or memory is to be had for a client. */
const acceptRestMs = 250;

export class AttachServer implements ClientOwner {
  /** False while a client's queue is near its bound: the container's output is then not to be read. One more
   * broadcast of at most `broadcastBytesMax` bytes stays within the bound while it is true. */
  hasRoom = true;
  /** Bytes queued, over all clients. */
  pending = 0;
  /** False between an `onInput` that said so and `resumeInput`. */
  takesInput = true;
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly warn: (message: string) => void;
  readonly pool = new SlabPool(queueSlabsMax);
  readonly #socket: AttachSocket;
  readonly #hooks: AttachHooks;
  readonly #clients = new Set<AttachClient>();
  #received: Uint8Array | undefined;
  #acceptRest: Timer | undefined;
  #stuckCheck: Timer | undefined;

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
    this.#listen();
  }

  /** Sends `buf[start, end)` to every client, in packets of at most 8192 bytes, or queues it. There must be a byte before
   * `start`. Leaves `buf` as it was, and does not keep it. */
  broadcast(stream: OutputStream, buf: Uint8Array, start: number, end: number): void {
    this.#accept(); // who connected before this output was read gets it, whichever the reactor reports first
    if (this.#clients.size === 0) return;
    for (const client of this.#clients) client.deliver(streamTypes[stream], buf, start, end);
    this.onProgress();
  }

  /** Reads from clients again, after an `onInput` that answered false. */
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

  /** Takes the socket and its link out of the file system. Clients that are attached stay so. */
  unlink(): void {
    this.#socket.unlink();
  }

  /** Closes the listener and every client, what is still queued for them with it. No hook is called. */
  close(): void {
    if (this.#acceptRest) this.#acceptRest.cancel();
    else this.reactor.forget(this.#socket.fd);
    this.#stuckCheck?.cancel();
    this.#socket.close();
    for (const client of this.#clients) this.#drop(client);
    this.pending = 0;
    this.hasRoom = true;
  }

  // --- for the clients ---------------------------------------------------------------------------------------

  get receiveBuffer(): Uint8Array {
    this.#received ??= new Uint8Array(receiveBytesMax);
    return this.#received;
  }

  onInput(length: number): void {
    if (!this.#hooks.onInput(this.receiveBuffer, 0, length)) this.takesInput = false;
  }

  onInputEnd(): void {
    this.#hooks.onInputEnd();
  }

  onGone(client: AttachClient): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#giveMemoryBack();
  }

  onProgress(): void {
    const { hasRoom, pending } = this;
    this.hasRoom = true;
    this.pending = 0;
    for (const client of this.#clients) {
      this.hasRoom &&= client.hasRoom;
      this.pending += client.pending;
    }
    if (this.hasRoom && !hasRoom) this.#hooks.onRoom();
    if (this.pending === 0 && pending > 0) this.#hooks.onFlushed();
  }

  #listen(): void {
    this.reactor.watch(this.#socket.fd, EPOLLIN, () => this.#accept());
  }

  #accept(): void {
    while (!this.#acceptRest) {
      const fd = this.sys.accept4(this.#socket.fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd === -EAGAIN || fd === -EINTR || fd === -ECONNABORTED) return; // the reactor reports what is left
      if (fd < 0) this.#refuseAWhile(fd);
      else this.#serve(fd);
    }
  }

  #serve(fd: number): void {
    const client = new AttachClient(this, fd);
    this.#clients.add(client);
    try {
      client.watch();
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      this.warn(`Dropping a client of the attach socket: ${error.message}`);
      this.#drop(client);
    }
  }

  // The connection stays in the backlog and would be reported again at once: without this, a monitor out of fds spins.
  #refuseAWhile(errno: number): void {
    this.warn(`Failed to accept client connection on attach socket: ${errorWords(errno)}`);
    this.reactor.forget(this.#socket.fd);
    this.#acceptRest = this.reactor.after(acceptRestMs, () => {
      this.#acceptRest = undefined;
      this.#listen();
    });
  }

  #letGo(client: AttachClient, ms: number): void {
    this.warn(`Dropping a client of the attach socket: it has taken nothing for ${ms / 1000} s`);
    this.#drop(client);
  }

  #drop(client: AttachClient): void {
    client.close();
    this.onGone(client);
  }

  #giveMemoryBack(): void {
    this.pool.release();
    this.#received = undefined;
  }
}
