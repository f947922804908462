// Clients of the attach socket for tests, on the same reactor as the server: what happens when is then the test's.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AttachServer, openAttachServer, receiveBytesMax } from '../../src/attach/attach-server.ts';
import {
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_PATH,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';
import { turn } from '../fixtures/turn.ts';

/** Longer than any test takes on a slow machine: reached, it is a hang. */
const hangMs = 20_000;

export function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'attach-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Turns the reactor until `isDone`. */
export function turnUntil(reactor: Reactor, isDone: () => boolean): void {
  const start = reactor.nowMs();
  while (!isDone()) {
    assert.ok(reactor.nowMs() - start < hangMs, 'nothing more happens');
    turn(reactor, hangMs);
  }
}

export class TestServer {
  readonly reactor = new Reactor(sys);
  readonly bundle: string;
  readonly server: AttachServer;
  readonly warnings: string[] = [];
  readonly inputs: Buffer[] = [];
  inputEnds = 0;
  rooms = 0;
  takesInput = true;

  constructor(t: TestContext, bundle = makeDirectory(t), link?: string) {
    this.bundle = bundle;
    const received = new Uint8Array(receiveBytesMax);
    const hooks = {
      receiveBuffer: () => received,
      onInput: (buf: Uint8Array, start: number, end: number) => {
        this.inputs.push(Buffer.from(buf.subarray(start, end)));
        return this.takesInput;
      },
      onInputEnd: () => {
        this.inputEnds++;
      },
      onRoom: () => {
        this.rooms++;
      },
    };
    const where = link === undefined ? { bundle } : { bundle, link: { path: link, target: bundle } };
    const warn = (message: string) => this.warnings.push(message);
    this.server = openAttachServer(sys, this.reactor, where, hooks, warn);
  }

  get input(): Buffer {
    return Buffer.concat(this.inputs);
  }

  /** A client that the server has accepted. */
  attach(): TestClient {
    const client = new TestClient(this.reactor, this.bundle);
    this.settle();
    return client;
  }

  /** Turns until nothing is due. */
  settle(): void {
    for (let i = 0; i < 10; i++) turn(this.reactor, 0);
  }

  until(isDone: () => boolean): void {
    turnUntil(this.reactor, isDone);
  }
}

export class TestClient {
  readonly fd: number;
  readonly packets: Buffer[] = [];
  /** How reading ended: 0 for the end of the stream, else -errno. */
  ended: number | undefined;
  readonly #reactor: Reactor;
  readonly #buf = new Uint8Array(8194);
  #reads = false;

  constructor(reactor: Reactor, directory: string) {
    this.#reactor = reactor;
    const dirfd = sys.open(directory, O_PATH | O_CLOEXEC, 0);
    this.fd = sys.socket(SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert.equal(sys.connect(this.fd, `/proc/self/fd/${dirfd}/attach`), 0);
    sys.close(dirfd);
  }

  /** Reads whatever comes from now on. */
  read(): this {
    this.#reads = true;
    this.#reactor.watch(this.fd, EPOLLIN, () => this.#receive());
    return this;
  }

  /** Reads one packet, if one is there. */
  readOne(): void {
    this.#receive();
  }

  send(data: Uint8Array | string): number {
    const bytes = Buffer.from(data as string);
    return sys.send(this.fd, bytes, 0, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  endInput(): void {
    sys.shutdown(this.fd, SHUT_WR);
  }

  close(): void {
    if (this.#reads) this.#reactor.forget(this.fd);
    sys.close(this.fd);
  }

  /** The bytes that came as that type, in one piece. */
  bytes(type: 2 | 3): Buffer {
    return Buffer.concat(this.packets.filter(packet => packet[0] === type).map(packet => packet.subarray(1)));
  }

  #receive(): void {
    const length = sys.recv(this.fd, this.#buf, 0, this.#buf.length, MSG_DONTWAIT);
    if (length > 0) this.packets.push(Buffer.from(this.#buf.subarray(0, length)));
    else if (length !== -EAGAIN) {
      this.ended = length;
      if (this.#reads) this.#reactor.forget(this.fd);
      this.#reads = false;
    }
  }
}
