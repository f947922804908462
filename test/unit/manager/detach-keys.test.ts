// The keys that end an attachment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DetachMatcher, parseDetachKeys } from '../../../src/manager/attach/detach-keys.ts';

test('detach keys: control characters and plain ones by name', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-_')], [97, 0, 27, 31]);
  assert.deepEqual([...parseDetachKeys('')], []);
  for (const wrong of ['ctrl-', 'ctrl-P', 'ab', 'a,', 'é'])
    assert.throws(() => parseDetachKeys(wrong), wrong);
});

test('detach keys: found wherever they are, however input is cut, and nothing else is kept back', () => {
  const letters = fc.constantFrom(1, 2);
  fc.assert(
    fc.property(
      fc.array(letters, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(letters, { maxLength: 6 }), { maxLength: 8 }),
      (keys, pieces) => {
        const input = pieces.flat();
        const found = Buffer.from(input).indexOf(Buffer.from(keys));
        const matcher = new DetachMatcher(Uint8Array.from(keys));
        const passed: number[] = [];
        let detached = false;
        for (const piece of pieces) {
          if (detached) break;
          const fed = matcher.feed(Uint8Array.from(piece));
          passed.push(...fed.pass);
          detached = fed.detached;
        }
        assert.equal(detached, found >= 0);
        if (!detached) passed.push(...matcher.rest());
        assert.deepEqual(passed, detached ? input.slice(0, found) : input);
      },
    ),
  );
});

test('detach keys: none given, everything passes at once', () => {
  const matcher = new DetachMatcher(new Uint8Array());
  assert.deepEqual(matcher.feed(Uint8Array.of(1, 2)), { pass: Uint8Array.of(1, 2), detached: false });
});
