// Clients' input on real sockets, and into a real pipe and a real terminal.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openAttachServer, receiveBytesMax } from '../../src/attach/attach-server.ts';
import { ContainerStdin } from '../../src/stdio/container-stdin.ts';
import { EPOLLIN, EPOLLOUT, O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';
import { makeDirectory, openFds, TestClient, TestServer, turnUntil } from './attach-harness.ts';

const mib = 1 << 20;
const O_NOCTTY = 0o400;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;

/** A pipe whose end in the container is read only when asked for. */
class TestPipe {
  readonly writeEnd: number;
  readonly chunks: Buffer[] = [];
  ended = false;
  readonly #readEnd: number;
  readonly #buf = new Uint8Array(65_536);

  constructor() {
    const ends = new Int32Array(2);
    assert.equal(sys.pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    [this.#readEnd, this.writeEnd] = [ends[0]!, ends[1]!];
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  read(reactor: Reactor): void {
    reactor.watch(this.#readEnd, EPOLLIN, () => {
      const length = sys.read(this.#readEnd, this.#buf, 0, this.#buf.length);
      if (length > 0) this.chunks.push(Buffer.from(this.#buf.subarray(0, length)));
      if (length !== 0) return;
      this.ended = true;
      reactor.forget(this.#readEnd);
      this.close();
    });
  }

  close(): void {
    sys.close(this.#readEnd);
  }
}

test('attach input A14: packets come as they were sent, without a type, from all clients', t => {
  const on = new TestServer(t);
  const [one, two] = [on.attach(), on.attach()];
  one.send('one\n');
  on.until(() => on.inputs.length === 1);
  two.send(Buffer.from([0, 255, 2, 10]));
  on.until(() => on.inputs.length === 2);
  assert.deepEqual(on.inputs, [Buffer.from('one\n'), Buffer.from([0, 255, 2, 10])]);
});

test('attach input A15: a packet of 64 KiB, and one of 200,000 bytes, are taken whole', t => {
  const on = new TestServer(t);
  const client = on.attach();
  for (const bytes of [32_768, 65_536, 200_000]) {
    const packet = randomBytes(bytes);
    assert.equal(client.send(packet), bytes);
    on.until(() => on.inputs.length === 1);
    assert.ok(on.inputs.pop()!.equals(packet));
  }
});

test('attach input A16: clients are not read until input is wanted again, then nothing is missing', t => {
  const on = new TestServer(t);
  const clients = [on.attach(), on.attach()];
  on.takesInput = false;
  for (const client of clients) for (let i = 0; i < 10; i++) client.send(`${i}`);
  on.settle();
  assert.equal(on.inputs.length, 1);
  on.takesInput = true;
  on.server.resumeInput();
  on.until(() => on.inputs.length === 20);
  assert.equal(on.input.toString().length, 20);
});

test('attach input A17: the end of a client that goes comes behind all that it sent', t => {
  const on = new TestServer(t);
  const client = on.attach();
  on.takesInput = false;
  for (let i = 0; i < 10; i++) client.send(`${i}`);
  client.close();
  on.settle();
  assert.deepEqual([on.input.toString(), on.inputEnds], ['0', 0]);
  on.takesInput = true;
  on.server.resumeInput();
  on.until(() => on.inputEnds === 1);
  assert.equal(on.input.toString(), '0123456789');
});

test('attach input A17: input of a client that went without reading its output is delivered', t => {
  const on = new TestServer(t);
  const client = on.attach();
  client.send('parting words');
  on.server.broadcast('stdout', Buffer.from('.unread'), 1, 7);
  client.close();
  on.until(() => on.inputEnds === 1);
  assert.equal(on.input.toString(), 'parting words');
});

test('attach input A17: clients that come and go without input leave no fd behind while nothing is read', t => {
  const on = new TestServer(t);
  on.takesInput = false;
  on.attach().send('fills the queue');
  on.until(() => on.inputs.length === 1);
  const before = openFds();
  for (let i = 0; i < 50; i++) on.attach().close();
  on.until(() => openFds() === before);
  assert.equal(on.inputEnds, 50);
});

test('attach input A17: a hung-up client that cannot be read does not keep the monitor busy', t => {
  const on = new TestServer(t);
  on.takesInput = false;
  const client = on.attach();
  client.send('a');
  client.send('b');
  client.close();
  on.settle();
  let isDue = false;
  on.reactor.after(50, () => {
    isDue = true;
  });
  let turns = 0;
  for (; !isDue && turns < 100; turns++) on.reactor.turn();
  assert.ok(turns < 10, `${turns} turns without anything to do`);
  assert.equal(on.input.toString(), 'a');
});

test('attach input A19: a packet of no bytes is not an end, also where the end is behind it', t => {
  const on = new TestServer(t);
  const client = on.attach();
  client.send('');
  on.settle();
  assert.equal(on.inputEnds, 0);
  client.send('a');
  client.send('');
  client.send('b');
  client.send('');
  client.endInput();
  on.until(() => on.inputEnds === 1);
  assert.equal(on.input.toString(), 'ab');
});

test('container stdin A16: a pipe that nobody reads takes a bounded amount, and later gets all of it', t => {
  const on = new TestServer(t);
  const pipe = new TestPipe();
  let rooms = 0;
  const stdin = new ContainerStdin(
    sys,
    on.reactor,
    () => {
      rooms++;
    },
    assert.fail,
  );
  stdin.attachTo(pipe.writeEnd);
  const data = randomBytes(2 * mib);
  let at = 0;
  do at += 32_768;
  while (stdin.accept(data, at - 32_768, at));
  assert.ok(at >= 262_144 && at <= 2 * 262_144, `${at} bytes taken`);
  on.settle();
  assert.equal(rooms, 0);
  pipe.read(on.reactor);
  on.until(() => rooms === 1);
  on.until(() => pipe.bytes.length === at);
  assert.ok(pipe.bytes.equals(data.subarray(0, at)));
});

test('container stdin A16, A18: a client sends 3 MB and ends, the pipe gets all of it and then the end', t => {
  const pipe = new TestPipe();
  const reactor = new Reactor(sys);
  const stdin = new ContainerStdin(sys, reactor, () => server.resumeInput(), assert.fail);
  const buffer = new Uint8Array(receiveBytesMax);
  const hooks = {
    receiveBuffer: () => buffer,
    onInput: stdin.accept.bind(stdin),
    onInputEnd: () => stdin.end(),
    onRoom: () => undefined,
  };
  const bundle = makeDirectory(t);
  const server = openAttachServer(sys, reactor, { bundle }, hooks, assert.fail);
  stdin.attachTo(pipe.writeEnd);
  const client = new TestClient(reactor, bundle);
  const data = randomBytes(3 * mib);
  let sent = 0;
  let isFull = false;
  reactor.watch(client.fd, EPOLLOUT, () => {
    if (client.send(data.subarray(sent, sent + 32_768)) > 0) sent += 32_768;
    isFull ||= !server.takesInput;
    if (sent < data.length) return;
    client.endInput();
    reactor.forget(client.fd);
  });
  turnUntil(reactor, () => isFull);
  pipe.read(reactor);
  turnUntil(reactor, () => pipe.ended);
  assert.ok(pipe.bytes.equals(data));
});

test('container stdin A18: the end closes the pipe at once when nothing waits, and later input is discarded', t => {
  const on = new TestServer(t);
  const before = openFds();
  const pipe = new TestPipe();
  const stdin = new ContainerStdin(sys, on.reactor, () => undefined, assert.fail);
  stdin.attachTo(pipe.writeEnd);
  stdin.accept(Buffer.from('bye'), 0, 3);
  stdin.end();
  assert.equal(stdin.accept(Buffer.from('late'), 0, 4), true);
  pipe.read(on.reactor);
  on.until(() => pipe.ended);
  assert.equal(pipe.bytes.toString(), 'bye');
  assert.equal(openFds(), before);
});

test('container stdin A21: with nobody reading, input is discarded and the fd is given up', t => {
  const on = new TestServer(t);
  const before = openFds();
  const pipe = new TestPipe();
  const stdin = new ContainerStdin(sys, on.reactor, () => undefined, assert.fail);
  stdin.attachTo(pipe.writeEnd);
  pipe.close();
  for (let i = 0; i < 100; i++) assert.equal(stdin.accept(new Uint8Array(65_536), 0, 65_536), true);
  assert.equal(openFds(), before);
});

test('container stdin A20: input and its end that come before the terminal are written when it comes', () => {
  const reactor = new Reactor(sys);
  const stdin = new ContainerStdin(sys, reactor, () => undefined, assert.fail);
  stdin.accept(Buffer.from('early\n'), 0, 6);
  stdin.end();
  const master = sys.open('/dev/ptmx', O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
  sys.ioctl(master, TIOCSPTLCK, new Uint8Array(8));
  const number = new Int32Array(2);
  sys.ioctl(master, TIOCGPTN, new Uint8Array(number.buffer));
  const slave = sys.open(`/dev/pts/${number[0]}`, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
  stdin.attachTo(sys.dup3(master, master + 500, O_CLOEXEC));
  const buf = new Uint8Array(100);
  let length = -EAGAIN;
  reactor.watch(slave, EPOLLIN, () => {
    length = sys.read(slave, buf, 0, buf.length);
  });
  turnUntil(reactor, () => length !== -EAGAIN);
  assert.equal(Buffer.from(buf.subarray(0, length)).toString(), 'early\n');
  sys.close(slave);
  sys.close(master);
});
