// Moving a process by way of cgroup file systems: plain directories stand for them here.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findHierarchies } from '../../../src/manager/cgroups/cgroupfs.ts';
import { cgroupfs } from '../../../src/manager/index.ts';

const mounts = (top: string) =>
  [
    `22 21 0:20 / ${top}/cpuset rw,relatime shared:1 - cgroup cgroup rw,cpuset`,
    `23 21 0:21 / ${top}/name\\040d rw - cgroup cgroup rw,name=systemd`,
    `24 21 0:22 / ${top}/unified rw - cgroup2 cgroup2 rw`,
    `25 21 0:23 /part ${top}/bound rw - cgroup2 cgroup2 rw`,
    `26 21 0:24 / ${top}/other rw - tmpfs tmpfs rw`,
    '',
  ].join('\n');

test('cgroupfs: the whole hierarchies of a mount table, with escapes in their paths', () => {
  assert.deepEqual(findHierarchies(mounts('/c')), [
    { path: '/c/cpuset', version: 1, options: ['rw', 'cpuset'] },
    { path: '/c/name d', version: 1, options: ['rw', 'name=systemd'] },
    { path: '/c/unified', version: 2, options: ['rw'] },
  ]);
  assert.deepEqual(findHierarchies(''), []);
});

test('cgroupfs: the process enters each hierarchy, and a new cpuset is filled in from above first', async t => {
  const top = mkdtempSync(join(tmpdir(), 'manager-cgroup-'));
  t.after(() => rmSync(top, { recursive: true }));
  // A cgroup file system makes these files with the directory; here they are there before.
  for (const path of ['cpuset/pod/x', 'name d/pod/x', 'unified/pod/x']) {
    mkdirSync(join(top, path), { recursive: true });
    writeFileSync(join(top, path, 'cgroup.procs'), '');
  }
  for (const [path, text] of [
    ['cpuset', '0-3\n'],
    ['cpuset/pod', '\n'],
    ['cpuset/pod/x', '\n'],
  ] as const)
    for (const name of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(top, path, name), text);
  const place = cgroupfs({ path: '/pod/{id}', mountInfo: mounts(top) });
  await place({ pid: 4711, id: 'x', signal: new AbortController().signal });
  for (const path of ['cpuset/pod/x', 'name d/pod/x', 'unified/pod/x'])
    assert.equal(readFileSync(join(top, path, 'cgroup.procs'), 'utf8'), '4711');
  assert.equal(readFileSync(join(top, 'cpuset/pod/x/cpuset.mems'), 'utf8').trim(), '0-3');
});

test('cgroupfs: a path that leads out of the hierarchy is refused, and one that is aborted moves nothing', async () => {
  for (const path of ['pod', '/a/../../b']) assert.throws(() => cgroupfs({ path }), { code: 'ERR_ARGUMENT' });
  const place = cgroupfs({ path: '/pod', mountInfo: mounts('/nowhere') });
  await assert.rejects(place({ pid: 1, id: 'x', signal: AbortSignal.abort(new Error('no')) }), /no/);
  const nothing = cgroupfs({ path: '/pod', mountInfo: '' });
  await assert.rejects(nothing({ pid: 1, id: 'x', signal: new AbortController().signal }), /no cgroup/);
});
