import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHierarchies } from '../../../src/manager/cgroups/cgroupfs.ts';
import { locateCgroups } from '../../../src/manager/cgroups/container-cgroup.ts';

const mountInfo = [
  '22 21 0:20 / /c/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '23 21 0:21 / /c/systemd rw - cgroup cgroup rw,xattr,name=systemd',
  '24 21 0:22 / /c/unified rw - cgroup2 cgroup2 rw',
].join('\n');

test('locateCgroups: one directory a mounted hierarchy, without roots and what is outside', () => {
  const locate = (text: string) => locateCgroups(text, findHierarchies(mountInfo));
  assert.deepEqual(locate('3:cpu,cpuacct:/a/b c\n2:name=systemd:/a\n0::/x\n'), [
    '/c/cpu,cpuacct/a/b c',
    '/c/systemd/a',
    '/c/unified/x',
  ]);
  assert.deepEqual(locate('4:freezer:/a\n3:cpu,cpuacct:/\n2:name=systemd:/../other\n0::/\nnonsense\n'), []);
});
