import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countPreservedFds, listParkedFds, listPreservedFds } from '../../../src/parent/inherited-fds.ts';

const pipes = { sync: 6, start: 7, attach: 8 };

describe('inherited fds', () => {
  it('P16: the runtime gets 3 to 2+N as far as they were open, holes stay holes', () => {
    assert.deepEqual(listPreservedFds([3, 5, 6, 7, 8, 20], pipes, 3), [3, 5]);
    assert.deepEqual(listPreservedFds([3, 5, 6, 7, 8, 20], pipes, 0), []);
  });

  it('P5: no pipe goes to the runtime, however many fds are to be preserved', () => {
    assert.deepEqual(listPreservedFds([3, 6, 7, 8, 9], pipes, 100), [3, 9]);
  });

  it('P17: what is beyond the preserved ones does not go to the runtime', () => {
    assert.deepEqual(listPreservedFds([3, 20, 21], { sync: -1, start: -1, attach: -1 }, 1), [3]);
  });

  it('P18: all but the pipes are let go before the exit file', () => {
    assert.deepEqual(listParkedFds([0, 1, 2, 3, 5, 6, 7, 8, 20], pipes), [3, 5, 20]);
  });

  it('P16: N is LISTEN_FDS plus --preserve-fds, in both spellings, the last of them', () => {
    assert.equal(countPreservedFds(undefined, []), 0);
    assert.equal(countPreservedFds('2', []), 2);
    assert.equal(countPreservedFds(undefined, ['--preserve-fds', '3']), 3);
    assert.equal(countPreservedFds('2', ['--x', '--preserve-fds=1', '--preserve-fds', '4']), 6);
  });

  it('P16: a number that is none counts for nothing', () => {
    for (const text of ['', '-1', 'x', '1x', ' 1']) {
      assert.equal(countPreservedFds(text, []), 0);
      assert.equal(countPreservedFds(undefined, ['--preserve-fds', text]), 0);
    }
    assert.equal(countPreservedFds(undefined, ['--preserve-fds']), 0);
  });
});
