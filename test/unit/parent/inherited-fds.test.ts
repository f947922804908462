import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { listParkedFds } from '../../../src/parent/inherited-fds.ts';

const pipes = { sync: 6, start: 7, attach: 8 };
const noPipes = { sync: -1, start: -1, attach: -1 };

describe('inherited fds', () => {
  it('P16: all from 3 up, holes stay holes', () => {
    assert.deepEqual(listParkedFds([0, 1, 2, 3, 5, 20], noPipes), [3, 5, 20]);
  });

  it('P18: the pipes are not among those that are let go', () => {
    assert.deepEqual(listParkedFds([3, 5, 6, 7, 8, 20], pipes), [3, 5, 20]);
    assert.deepEqual(listParkedFds([6, 7, 8], { ...noPipes, start: 7 }), [6, 8]);
  });

  it('P17: nothing is parked that was not inherited', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1024)), inherited => {
        const parked = listParkedFds(inherited, pipes);
        assert.ok(parked.every(fd => inherited.includes(fd)));
        assert.equal(parked.length, inherited.filter(fd => fd > 2 && ![6, 7, 8].includes(fd)).length);
      }),
    );
  });
});
