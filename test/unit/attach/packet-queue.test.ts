import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  broadcastBytesMax,
  noPlace,
  PacketQueue,
  payloadBytesMax,
} from '../../../src/attach/packet-queue.ts';
import { readBytesMax } from '../../../src/stdio/relay.ts';

const full = new Uint8Array(payloadBytesMax);

function packetAt(queue: PacketQueue, place: number): Buffer {
  queue.find(place);
  return Buffer.from(queue.packet.subarray(queue.offset, queue.offset + queue.length));
}

/** Appends a broadcast of full packets for whoever enters at its first. */
function pushFull(queue: PacketQueue, packets: number): number {
  const places = Array.from({ length: packets }, () => queue.push(2, full, 0, full.length));
  queue.enter(places[0]!);
  return places[0]!;
}

test('packet queue: each of many clients gets the packets from its place on, whole and in order, whatever the others do', () => {
  const clients = 3;
  const push = fc.record({
    lengths: fc.array(
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 8000, max: payloadBytesMax })),
      {
        minLength: 1,
        maxLength: 9,
      },
    ),
    from: fc.tuple(...Array.from({ length: clients }, () => fc.nat(9))),
  });
  const take = fc.record({ client: fc.nat(clients - 1), packets: fc.nat(12) });
  const go = fc.record({ goes: fc.nat(clients - 1) });
  fc.assert(
    fc.property(fc.array(fc.oneof(push, take, take, go), { maxLength: 80 }), steps => {
      const queue = new PacketQueue();
      const places = Array.from({ length: clients }, () => noPlace);
      const waiting: Buffer[][] = places.map(() => []);
      let fill = 0;
      for (const step of steps) {
        if ('lengths' in step) {
          const packets = step.lengths.map(length => Buffer.alloc(length, ++fill));
          const pushed = packets.map(packet =>
            queue.push(
              fill & 1,
              Buffer.concat([Buffer.from('x'), packet, Buffer.from('y')]),
              1,
              1 + packet.length,
            ),
          );
          const whole = packets.map(packet => Buffer.concat([Buffer.from([fill & 1]), packet]));
          queue.enter(pushed[0]!);
          for (const [client, from] of step.from.entries()) {
            if (places[client] !== noPlace) waiting[client]!.push(...whole);
            else if (from < pushed.length) {
              places[client] = pushed[from]!;
              queue.enter(pushed[from]!);
              waiting[client]!.push(...whole.slice(from));
            }
          }
          queue.leave(pushed[0]!);
        } else if ('goes' in step) {
          if (places[step.goes] !== noPlace) queue.leave(places[step.goes]!);
          places[step.goes] = noPlace;
          waiting[step.goes] = [];
        } else {
          for (let i = 0; i < step.packets && places[step.client] !== noPlace; i++) {
            assert.ok(packetAt(queue, places[step.client]!).equals(waiting[step.client]!.shift()!));
            places[step.client] = queue.advance(places[step.client]!);
          }
        }
        for (const [client, place] of places.entries())
          assert.equal(place === noPlace, waiting[client]!.length === 0);
        assert.equal(
          queue.size === 0,
          waiting.every(packets => packets.length === 0),
        );
      }
    }),
  );
});

test('packet queue A10, A24: it holds what the client furthest behind has still to get, however many clients there are', () => {
  const queue = new PacketQueue();
  const first = pushFull(queue, 8);
  const one = queue.size;
  for (let clients = 1; clients < 1000; clients++) queue.enter(first);
  assert.equal(queue.size, one);
  const later = pushFull(queue, 8);
  for (let clients = 1; clients < 1000; clients++) queue.leave(first);
  assert.equal(queue.size, 2 * one);
  queue.leave(first);
  assert.equal(queue.size, one, 'the first slab has gone with the last who needed it');
  queue.leave(later);
  assert.equal(queue.size, 0);
});

test('packet queue A10: while it has room a whole read stays within 1 MiB, and that is what is read at a time', () => {
  assert.equal(readBytesMax, broadcastBytesMax);
  const packetsPerRead = readBytesMax / payloadBytesMax;
  for (const smallFirst of [false, true]) {
    const queue = new PacketQueue();
    if (smallFirst) queue.enter(queue.push(2, full, 0, 1));
    while (queue.hasRoom) pushFull(queue, packetsPerRead);
    assert.ok(queue.size > 700_000, `${queue.size} bytes`);
    const inPayload = (queue.size * payloadBytesMax) / (payloadBytesMax + 3);
    assert.ok(inPayload <= 1024 * 1024, `${inPayload} bytes`);
    if (!smallFirst) assert.equal(inPayload, 1024 * 1024, 'and no room is wasted');
  }
});

test('packet queue: a place is left for the next one, whatever was looked at before', () => {
  const queue = new PacketQueue();
  const first = queue.push(2, full, 0, 1);
  const second = queue.push(2, full, 0, 9);
  queue.enter(first);
  queue.find(second);
  assert.equal(queue.advance(first), second);
});

test('packet queue A24: memory is used again, and let go when told', () => {
  const queue = new PacketQueue();
  const use = () => {
    const place = pushFull(queue, 1);
    queue.find(place);
    const memory = queue.packet.buffer;
    queue.leave(place);
    return memory;
  };
  const memory = use();
  assert.equal(queue.isKeeping, true);
  assert.equal(use(), memory);
  queue.release();
  assert.equal(queue.isKeeping, false);
  assert.equal(queue.packet.length, 0);
  assert.notEqual(use(), memory);
});

test('packet queue A24: an hour of a lagging client takes no more memory than its backlog', () => {
  const queue = new PacketQueue();
  const seen = new Set<ArrayBufferLike>();
  let place = pushFull(queue, 20);
  for (let i = 0; i < 10_000; i++) {
    const next = queue.push(2, full, 0, full.length);
    queue.enter(next);
    place = queue.advance(place);
    queue.leave(next);
    queue.find(place);
    seen.add(queue.packet.buffer);
  }
  assert.ok(seen.size <= 4, `${seen.size} slabs`);
});
