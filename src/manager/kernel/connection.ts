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
import type { NodeLoop } from '../../sys/node-loop.ts';
import type { Reactor } from '../../sys/reactor.ts';
import type { Sys } from '../../sys/sys.ts';
import { type AttachReport, attachWindowBytes } from './attach-report.ts';
import type { AttachSocket } from './kernel.ts';

/** The monitor sends at most 8192 bytes and the type byte (docs/behaviour/attach.md, A7); a smaller buffer loses the
 * rest. */
const packetInBytesMax = 8193;

/** What Podman and CRI-O send at once, and so what a monitor's buffer holds (their copy buffers, 32 * 1024). */
const packetOutBytesMax = 32 * 1024;

/** A full backlog is EAGAIN; the monitor accepts as soon as it has a turn. */
const connectRetryMs = 10;
const connectTriesMax = 500;

/** What a connection is made with. */
export interface ConnectionContext {
  readonly sys: Sys;
  readonly loop: Pick<NodeLoop, 'own' | 'close'>;
  readonly reactor: Reactor;
  /** Called with each report; whatever that calls of the connection, {@link Connection.close} too, is all right. */
  readonly tell: (report: AttachReport) => void;
  /** Called once, when the connection is closed, by whom ever. */
  readonly onClose: () => void;
}

export class Connection implements AttachSocket {
  readonly #context: ConnectionContext;
  readonly #buffer = new Uint8Array(packetInBytesMax);
  readonly #queue: { bytes: Uint8Array; sent: number }[] = [];
  /** -1 before it is opened, and once it is closed. */
  #fd = -1;
  #directory = -1;
  #connected = false;
  #closed = false;
  #parked = false;
  #window = attachWindowBytes;
  #finishing = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  /** Connects to the socket `name` in `directory`, whose path may be longer than a socket's may be. */
  open(socket: { readonly directory: string; readonly name: string }): void {
    if (this.#closed) return;
    const { sys, loop } = this.#context;
    this.#directory = loop.own(sys.open(socket.directory, O_PATH | O_CLOEXEC, 0));
    if (this.#directory < 0) {
      this.#fail(this.#directory, 'open');
      return;
    }
    this.#fd = loop.own(sys.socket(SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (this.#fd < 0) this.#fail(this.#fd, 'socket');
    else this.#connect(socket.name, 0);
  }

  /** Sends bytes in order, in packets that every monitor takes whole; reports `sent` when all are gone. */
  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push({ bytes, sent: 0 });
    if (this.#connected) this.#flush();
  }

  /** Ends our direction once everything is sent. */
  finish(): void {
    this.#finishing = true;
    if (this.#connected) this.#flush();
  }

  /** Gives back room in the window: so many bytes have been consumed. */
  allow(bytes: number): void {
    this.#window += bytes;
    if (this.#connected) this.#rearm();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connected = false;
    clearTimeout(this.#retry);
    this.#closeDirectory();
    if (this.#fd >= 0) {
      this.#context.reactor.forget(this.#fd);
      this.#context.loop.close(this.#fd);
    }
    this.#context.onClose();
  }

  #connect(name: string, tries: number): void {
    const { sys, tell } = this.#context;
    const answer = sys.connect(this.#fd, pathOfEntry(this.#directory, name));
    if (answer === -EAGAIN && tries < connectTriesMax) {
      this.#retry = setTimeout(() => this.#connect(name, tries + 1), connectRetryMs);
      return;
    }
    this.#closeDirectory();
    if (answer < 0) {
      this.#fail(answer, 'connect');
      return;
    }
    if (!this.#watch(EPOLLIN)) return;
    this.#connected = true;
    tell({ report: 'connected' });
    this.#flush();
  }

  #onEvents(events: number): void {
    if (this.#window <= 0 && (events & EPOLLHUP) !== 0) {
      this.#park();
      return;
    }
    if ((events & EPOLLOUT) !== 0) this.#flush();
    if (this.#connected && (events & (EPOLLIN | EPOLLHUP)) !== 0) this.#receive();
  }

  #receive(): void {
    const { sys, tell } = this.#context;
    while (this.#connected && this.#window > 0) {
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
      tell({ report: 'packet', stream: this.#buffer[0]!, bytes: this.#buffer.slice(1, length) });
    }
    this.#rearm();
  }

  #flush(): void {
    const { sys, tell } = this.#context;
    for (let next = this.#queue[0]; this.#connected && next !== undefined; next = this.#queue[0]) {
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
      tell({ report: 'sent' });
    }
    if (this.#connected && this.#finishing) sys.shutdown(this.#fd, SHUT_WR);
    this.#rearm();
  }

  /** The monitor does not take input any more; what it sent before may still be read. */
  #dropOutput(): void {
    for (const _ of this.#queue.splice(0)) this.#context.tell({ report: 'sent' });
    this.#rearm();
  }

  #rearm(): void {
    if (!this.#connected) return;
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
    if (this.#directory >= 0) this.#context.loop.close(this.#directory);
    this.#directory = -1;
  }

  #end(): void {
    this.#dropOutput();
    this.close();
    this.#context.tell({ report: 'end' });
  }

  #fail(errno: number, syscall: string): void {
    this.close();
    this.#context.tell({ report: 'failed', errno: Math.abs(errno), syscall });
  }
}
