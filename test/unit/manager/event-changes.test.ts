import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Changes } from '../../../src/manager/events/changes.ts';

it('Changes: each name once, until it is taken', async () => {
  const changes = new Changes();
  for (const name of ['a', 'b', 'a']) changes.note(name);
  await changes.wait();
  assert.deepEqual([...changes.take()], ['a', 'b']);
  assert.deepEqual([...changes.take()], []);
});

it('Changes: what nobody takes becomes all, and costs no more', () => {
  const changes = new Changes();
  for (let i = 0; i < 10_000; i++) changes.note(`container-${i}`);
  assert.notEqual(changes.take(), 'all');
  for (let i = 0; i < 20_000; i++) changes.note(`container-${i}`);
  assert.equal(changes.take(), 'all');
  assert.deepEqual([...changes.take()], []);
  changes.note('a');
  changes.note(undefined);
  changes.note('b');
  assert.equal(changes.take(), 'all');
});
