// The library's watches over the running kernel: where it refuses them, and where what they watch comes and goes.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { DirectoryWatch } from '../../src/manager/directory-watch.ts';
import { makeFolder } from '../fixtures/monitored.ts';
import { needsRoot, runWithoutInotify } from '../fixtures/without-inotify.ts';

it('directory watch: without an inotify instance entries are looked at, and nothing is missed', {
  skip: needsRoot,
}, () => {
  assert.deepEqual(runWithoutInotify('watch-without-inotify.ts'), [
    ...['appeared', 'changed', 'gone', 'made anew', 'state of new'],
  ]);
});

it('directory watch: one that is not there is waited for, and one that takes the place of another is watched', async t => {
  const parent = makeFolder(t);
  const directory = join(parent, 'watched');
  const watch = new DirectoryWatch(directory, { persistent: true });
  let told = Promise.withResolvers<void>();
  const stop = watch.listen('entry', () => told.resolve());
  t.after(stop);
  /** Writes until that is told: who is told of the directory looks for its entries. */
  const seeEntry = async () => {
    writeFileSync(join(directory, 'entry'), '');
    await told.promise;
    told = Promise.withResolvers();
  };
  mkdirSync(directory);
  await seeEntry();
  renameSync(directory, join(parent, 'former'));
  mkdirSync(directory);
  await seeEntry();
  rmSync(directory, { recursive: true });
  await told.promise;
  told = Promise.withResolvers();
  mkdirSync(directory);
  await seeEntry();
  renameSync(directory, join(parent, 'latter'));
  await told.promise;
});
