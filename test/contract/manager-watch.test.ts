// The library's watches over the running kernel, where it refuses them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { needsRoot, runWithoutInotify } from '../fixtures/without-inotify.ts';

it('directory watch: without an inotify instance entries are looked at, and nothing is missed', {
  skip: needsRoot,
}, () => {
  assert.deepEqual(runWithoutInotify('watch-without-inotify.ts'), [
    ...['appeared', 'changed', 'gone', 'state of new'],
  ]);
});
