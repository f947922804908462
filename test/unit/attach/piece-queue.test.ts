import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PieceQueue, pieceBytesMax, SlabPool, slabBytes } from '../../../src/attach/piece-queue.ts';

function head(queue: PieceQueue): Buffer {
  return Buffer.from(queue.slab.subarray(queue.offset, queue.offset + queue.length));
}

test('piece queue: gives pieces back whole and in order, for any pushes and drops', () => {
  const push = fc.record({
    push: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 8000, max: pieceBytesMax })),
    fill: fc.nat(255),
  });
  const drop = fc.record({ drop: fc.integer({ min: 1, max: pieceBytesMax }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(push, push, drop), { maxLength: 120 }), steps => {
      const queue = new PieceQueue(new SlabPool(2));
      let model: Buffer[] = [];
      for (const step of steps) {
        if ('push' in step) {
          const piece = Buffer.alloc(step.push, step.fill);
          queue.push(Buffer.concat([Buffer.from('x'), piece, Buffer.from('y')]), 1, 1 + piece.length);
          model = [...model, piece];
        } else if (model.length > 0) {
          const count = Math.min(step.drop, model[0]!.length);
          queue.drop(count);
          const rest = model[0]!.subarray(count);
          model = rest.length > 0 ? [rest, ...model.slice(1)] : model.slice(1);
        }
        assert.equal(queue.bytes, Buffer.concat(model).length);
        if (model.length > 0) assert.ok(head(queue).equals(model[0]!));
        else assert.equal(queue.slabs, 0);
      }
    }),
  );
});

test('piece queue: eight full pieces fill a slab, the ninth takes another', () => {
  const queue = new PieceQueue(new SlabPool(0));
  const piece = new Uint8Array(pieceBytesMax);
  for (let i = 0; i < 8; i++) queue.push(piece, 0, piece.length);
  assert.equal(queue.slabs, 1);
  queue.push(piece, 0, piece.length);
  assert.equal(queue.slabs, 2);
});

test('slab pool A24: a slab that was given back is handed out again, beyond the kept ones none is held', () => {
  const pool = new SlabPool(1);
  const [first, second] = [pool.take(), pool.take()];
  assert.equal(first.length, slabBytes);
  pool.give(first);
  pool.give(second);
  assert.equal(pool.take(), first);
  assert.notEqual(pool.take(), second);
  pool.give(first);
  pool.release();
  assert.notEqual(pool.take(), first);
});

test('piece queue A24: an hour of a lagging peer takes no more slabs than its backlog', () => {
  let taken = 0;
  const pool = new (class extends SlabPool {
    override take(): Uint8Array {
      const slab = super.take();
      if (!seen.has(slab)) taken++;
      seen.add(slab);
      return slab;
    }
  })(4);
  const seen = new Set<Uint8Array>();
  const queue = new PieceQueue(pool);
  const piece = new Uint8Array(pieceBytesMax);
  for (let i = 0; i < 20; i++) queue.push(piece, 0, piece.length);
  for (let i = 0; i < 10_000; i++) {
    queue.push(piece, 0, piece.length);
    queue.drop(queue.length);
  }
  assert.ok(taken <= 4, `${taken} slabs`);
});
