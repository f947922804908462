// The container's output on real sockets.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { turn } from '../fixtures/turn.ts';
import { openFds, TestClient, TestServer } from './attach-harness.ts';

const mib = 1 << 20;
/** More than a socket's buffer and a queue hold together. */
const muchMoreThanFits = 4 * mib;
/** Its packets' types and lengths included. */
const queueBytesMax = (mib / 8192) * (8192 + 3);

function broadcast(on: TestServer, data: Uint8Array, stream: 'stdout' | 'stderr' = 'stdout'): void {
  on.server.broadcast(stream, Buffer.concat([Buffer.alloc(1), data]), 1, 1 + data.length);
}

/** Broadcasts 64 KiB at a time while there is room, from `from` on. Returns how far it came. */
function broadcastWhileRoom(on: TestServer, data: Uint8Array, from: number): number {
  let at = from;
  while (on.server.hasRoom && at < data.length) {
    const end = Math.min(data.length, at + 65_536);
    broadcast(on, data.subarray(at, end));
    at = end;
  }
  return at;
}

test('attach output A7: stdout is type 2, stderr type 3, and a packet has at most 8192 bytes behind it', t => {
  const on = new TestServer(t);
  const client = on.attach().read();
  const data = randomBytes(20_000);
  on.server.broadcast('stdout', data, 100, 20_000);
  broadcast(on, Buffer.from('oh\n'), 'stderr');
  on.until(() => client.packets.length === 4);
  assert.deepEqual(
    client.packets.map(packet => [packet[0], packet.length]),
    [
      [2, 8193],
      [2, 8193],
      [2, 3517],
      [3, 4],
    ],
  );
  assert.ok(client.bytes(2).equals(data.subarray(100)));
  assert.equal(client.bytes(3).toString(), 'oh\n');
});

test('attach output A8: many clients get all bytes in order, one that comes later those from then on', t => {
  const on = new TestServer(t);
  const data = randomBytes(mib);
  const clients = Array.from({ length: 5 }, () => on.attach().read());
  for (let at = 0; at < mib / 2; at += 65_536) broadcast(on, data.subarray(at, at + 65_536));
  const late = on.attach().read();
  for (let at = mib / 2; at < mib; at += 65_536) {
    broadcast(on, data.subarray(at, at + 65_536));
    on.until(() => on.server.hasRoom);
  }
  on.until(() => clients.every(client => client.bytes(2).length === mib) && late.bytes(2).length === mib / 2);
  for (const client of clients) assert.ok(client.bytes(2).equals(data));
  assert.ok(late.bytes(2).equals(data.subarray(mib / 2)));
});

test('attach output A10: a client that does not read fills 1 MiB and no more, then reads all of it in order', t => {
  const on = new TestServer(t);
  const client = on.attach();
  const data = randomBytes(muchMoreThanFits);
  let at = broadcastWhileRoom(on, data, 0);
  assert.equal(on.server.hasRoom, false);
  assert.ok(
    on.server.pending > mib / 2 && on.server.pending <= queueBytesMax,
    `${on.server.pending} bytes queued`,
  );
  assert.equal(on.rooms, 0);
  client.read();
  while (at < data.length) {
    on.until(() => on.server.hasRoom);
    at = broadcastWhileRoom(on, data, at);
  }
  on.until(() => client.bytes(2).length === data.length && on.server.pending === 0);
  assert.ok(client.bytes(2).equals(data));
  assert.ok(on.rooms > 0);
});

test('attach output A10: one-byte packets are bounded as well, and none is lost', t => {
  const on = new TestServer(t);
  const client = on.attach();
  const data = randomBytes(300_000);
  let at = 0;
  const pump = () => {
    for (; on.server.hasRoom && at < data.length; at++) broadcast(on, data.subarray(at, at + 1));
  };
  pump();
  assert.ok(!on.server.hasRoom && on.server.pending <= queueBytesMax, `${on.server.pending} bytes queued`);
  client.read();
  while (at < data.length) {
    on.until(() => on.server.hasRoom);
    pump();
  }
  on.until(() => on.server.pending === 0);
  while (client.packets.length < data.length) {
    const next = Math.min(data.length, client.packets.length + 20_000);
    on.until(() => client.packets.length >= next);
  }
  assert.equal(client.packets.length, data.length);
  assert.ok(client.bytes(2).equals(data));
});

test('attach output A10: a client that lags does not hold up another before its queue is full', t => {
  const on = new TestServer(t);
  on.attach();
  const quick = on.attach().read();
  const data = randomBytes(muchMoreThanFits);
  const at = broadcastWhileRoom(on, data, 0);
  assert.ok(at > mib / 2);
  on.until(() => quick.bytes(2).length === at);
  assert.ok(quick.bytes(2).equals(data.subarray(0, at)));
});

test('attach output A11: a client that goes with a full queue gives room, and the others go on', t => {
  const on = new TestServer(t);
  const stuck = on.attach();
  const quick = on.attach().read();
  const at = broadcastWhileRoom(on, randomBytes(muchMoreThanFits), 0);
  assert.equal(on.server.hasRoom, false);
  stuck.close();
  on.until(() => on.server.hasRoom);
  assert.equal(on.rooms, 1);
  broadcast(on, Buffer.from('more'));
  on.until(() => quick.bytes(2).length === at + 4);
  assert.equal(on.server.pending, 0);
});

test('attach output A11: clients that close at once, before and after they are accepted, cost nothing', t => {
  const on = new TestServer(t);
  new TestClient(on.reactor, on.bundle).close();
  on.settle();
  const gone = on.attach();
  gone.close();
  broadcast(on, Buffer.from('to nobody'));
  on.settle();
  const client = on.attach().read();
  broadcast(on, Buffer.from('hello'));
  on.until(() => client.packets.length === 1);
  assert.equal(client.bytes(2).toString(), 'hello');
  assert.deepEqual(on.warnings, []);
});

test('attach output A11: 200 clients that connect and vanish leave no fd behind', t => {
  const on = new TestServer(t);
  const before = openFds();
  for (let i = 0; i < 200; i++) {
    const client = new TestClient(on.reactor, on.bundle);
    if (i % 3 > 0) on.settle();
    if (i % 3 === 1) broadcast(on, Buffer.from('some output'));
    client.close();
    turn(on.reactor, 0);
  }
  on.until(() => openFds() === before);
  assert.equal(on.inputEnds, 200);
  assert.deepEqual(on.warnings, []);
});

test('attach output A12: a client that sends no more goes on reading, and its end is told once', t => {
  const on = new TestServer(t);
  const client = on.attach().read();
  client.endInput();
  on.until(() => on.inputEnds === 1);
  const data = randomBytes(muchMoreThanFits);
  for (let at = 0; at < data.length; ) {
    at = broadcastWhileRoom(on, data, at);
    on.until(() => on.server.hasRoom);
  }
  on.until(() => client.bytes(2).length === data.length);
  assert.ok(client.bytes(2).equals(data));
  assert.equal(on.inputEnds, 1);
});

test('attach output A12: a half-closed client that then goes is let go of without another packet', t => {
  const on = new TestServer(t);
  const before = openFds();
  const client = on.attach();
  client.endInput();
  on.until(() => on.inputEnds === 1);
  client.close();
  on.until(() => openFds() === before);
  assert.equal(on.inputEnds, 1);
});

test('attach output A13: unread input does not spoil the output that is still to be read', t => {
  const on = new TestServer(t);
  on.takesInput = false;
  const client = on.attach();
  for (let i = 0; i < 20; i++) assert.equal(client.send(`line ${i}\n`), `line ${i}\n`.length);
  on.settle();
  assert.equal(on.inputs.length, 1);
  broadcast(on, Buffer.from('last words'));
  on.server.close();
  client.read();
  on.until(() => client.ended !== undefined);
  assert.equal(client.bytes(2).toString(), 'last words');
  assert.equal(client.ended, 0);
});

test('attach output A25: a client that reads nothing is let go, one that reads a packet now and then gets all', t => {
  const on = new TestServer(t);
  const [stuck, slow] = [on.attach(), on.attach()];
  const data = randomBytes(muchMoreThanFits);
  const bytes = broadcastWhileRoom(on, data, 0);
  const ms = 10;
  on.server.letGoOfStuckAfter(ms);
  for (const endMs = on.reactor.nowMs() + 20 * ms; on.reactor.nowMs() < endMs; turn(on.reactor, ms))
    slow.readOne();
  assert.equal(on.warnings.length, 1);
  assert.ok(on.server.pending > 0);
  slow.read();
  on.until(() => on.server.pending === 0 && slow.bytes(2).length === bytes);
  assert.ok(slow.bytes(2).equals(data.subarray(0, bytes)));
  stuck.read();
  on.until(() => stuck.ended === 0);
});
