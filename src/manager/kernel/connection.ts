// One client connection to a monitor's attach socket (SOCK_SEQPACKET): packets in, packets out.

import {
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_PATH,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from '../../sys/constants.ts';
import { pathOfEntry } from '../../sys/directory-entry.ts';
import { EAGAIN, ECONNRESET, EINTR } from '../../sys/errno.ts';
import type { Reactor, Timer } from '../../sys/reactor.ts';
import type { Sys } from '../../sys/sys.ts';
import { attachWindowBytes, type KernelReport } from './messages.ts';

/** The monitor sends at most 8192 bytes and the type byte (docs/behaviour/attach.md, A7); a smaller buffer loses the
 * rest. */
const packetInBytesMax = 8193;

/** What Podman and CRI-O send at once, and so what a monitor's buffer holds (their copy buffers, 32 * 1024). */
const packetOutBytesMax = 32 * 1024;

/** A full backlog is EAGAIN; the monitor accepts as soon as it has a turn. */
const connectRetryMs = 10;
const connectTriesMax = 500;

/** What a connection needs from its thread. */
export interface ConnectionContext {
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly tell: (report: KernelReport) => void;
  readonly key: number;
}

export class Connection {
  readonly #context: ConnectionContext;
  readonly #buffer = new Uint8Array(packetInBytesMax);
  readonly #queue: { bytes: Uint8Array; sent: number }[] = [];
  #fd = -1;
  #directory = -1;
  #parked = false;
  #window = attachWindowBytes;
  #finishing = false;
  #retry: Timer | undefined;

  /** Connects to the socket `name` in `directory`, whose path may be longer than a socket's may be. */
  constructor(context: ConnectionContext, socket: { readonly directory: string; readonly name: string }) {
    this.#context = context;
    const { sys } = context;
    this.#directory = sys.open(socket.directory, O_PATH | O_CLOEXEC, 0);
    if (this.#directory < 0) {
      this.#fail(this.#directory, 'open');
      return;
    }
    this.#fd = sys.socket(SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (this.#fd < 0) this.#fail(this.#fd, 'socket');
    else this.#connect(socket.name, 0);
  }

  /** Sends bytes in order, in packets that every monitor takes whole; reports `sent` when all are gone. */
  send(bytes: Uint8Array): void {
    if (this.#fd < 0) return;
    this.#queue.push({ bytes, sent: 0 });
    this.#flush();
  }

  /** Ends our direction once everything is sent. */
  finish(): void {
    this.#finishing = true;
    if (this.#fd >= 0) this.#flush();
  }

  /** Gives back room in the window: so many bytes have been consumed. */
  allow(bytes: number): void {
    this.#window += bytes;
    if (this.#fd >= 0 && this.#retry === undefined) this.#rearm();
  }

  close(): void {
    this.#retry?.cancel();
    this.#closeDirectory();
    if (this.#fd < 0) return;
    this.#context.reactor.forget(this.#fd);
    this.#context.sys.close(this.#fd);
    this.#fd = -1;
  }

  #connect(name: string, tries: number): void {
    const { sys, reactor, tell, key } = this.#context;
    const answer = sys.connect(this.#fd, pathOfEntry(this.#directory, name));
    if (answer === -EAGAIN && tries < connectTriesMax) {
      this.#retry = reactor.after(connectRetryMs, () => this.#connect(name, tries + 1));
      return;
    }
    this.#retry = undefined;
    this.#closeDirectory();
    if (answer < 0) {
      this.#fail(answer, 'connect');
      return;
    }
    if (!this.#watch(EPOLLIN)) return;
    tell({ report: 'connected', key });
    this.#flush();
  }

  #onEvents(events: number): void {
    if (this.#window <= 0 && (events & EPOLLHUP) !== 0) {
      this.#park();
      return;
    }
    if ((events & EPOLLOUT) !== 0) this.#flush();
    if (this.#fd >= 0 && (events & (EPOLLIN | EPOLLHUP)) !== 0) this.#receive();
  }

  #receive(): void {
    const { sys, tell, key } = this.#context;
    while (this.#window > 0) {
      const length = sys.recv(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
      if (length === -EAGAIN) return;
      if (length === -EINTR) continue;
      if (length === 0 || length === -ECONNRESET) {
        this.#end();
        return;
      }
      if (length < 0) {
        this.#fail(length, 'recv');
        return;
      }
      this.#window -= length - 1;
      tell({ report: 'packet', key, stream: this.#buffer[0]!, bytes: this.#buffer.slice(1, length) });
    }
    this.#rearm();
  }

  #flush(): void {
    const { sys, tell, key } = this.#context;
    if (this.#retry !== undefined) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const length = Math.min(packetOutBytesMax, next.bytes.length - next.sent);
      const answer = length === 0 ? 0 : sys.send(this.#fd, next.bytes, next.sent, length, MSG_NOSIGNAL);
      if (answer === -EINTR) continue;
      if (answer === -EAGAIN) {
        this.#rearm();
        return;
      }
      if (answer < 0) {
        this.#dropOutput();
        return;
      }
      next.sent += answer;
      if (next.sent < next.bytes.length) continue;
      this.#queue.shift();
      tell({ report: 'sent', key });
    }
    if (this.#finishing) sys.shutdown(this.#fd, SHUT_WR);
    this.#rearm();
  }

  /** The monitor does not take input any more; what it sent before may still be read. */
  #dropOutput(): void {
    for (const _ of this.#queue.splice(0)) this.#context.tell({ report: 'sent', key: this.#context.key });
    this.#rearm();
  }

  #rearm(): void {
    const reads = this.#window > 0 ? EPOLLIN : 0;
    const events = this.#queue.length > 0 ? reads | EPOLLOUT : reads;
    if (!this.#parked) {
      this.#context.reactor.rearm(this.#fd, events);
      return;
    }
    if (reads === 0) return;
    this.#parked = false;
    this.#watch(events);
  }

  /** False where the kernel refuses: a user has no more than so many watches (fs.epoll in sysctl(8)). */
  #watch(events: number): boolean {
    const answer = this.#context.reactor.tryWatch(this.#fd, events, events => this.#onEvents(events));
    if (answer < 0) this.#fail(answer, 'epoll_ctl');
    return answer >= 0;
  }

  /** A hang-up is reported whether asked for or not; until the reader has room, nobody listens. */
  #park(): void {
    this.#parked = true;
    this.#context.reactor.forget(this.#fd);
  }

  #closeDirectory(): void {
    if (this.#directory >= 0) this.#context.sys.close(this.#directory);
    this.#directory = -1;
  }

  #end(): void {
    this.#dropOutput();
    this.close();
    this.#context.tell({ report: 'end', key: this.#context.key });
  }

  #fail(errno: number, syscall: string): void {
    this.close();
    this.#context.tell({ report: 'failed', key: this.#context.key, errno: Math.abs(errno), syscall });
  }
}
