import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findCgroupPlace, giveCgroup } from '../../../src/cli/own-cgroup.ts';

const root = { systemd: false, uid: 0, initialUserNamespace: true };
const cgroupOf = (place: typeof root, linux: unknown = {}) => {
  const { linux: given } = giveCgroup({ linux }, 'a+b-x1', place);
  return (given as { cgroupsPath?: string }).cgroupsPath;
};

it('giveCgroup: a name of its own, in the form that the cgroup manager takes', () => {
  assert.equal(cgroupOf(root), 'a+b-x1');
  assert.equal(cgroupOf({ ...root, systemd: true }), 'system.slice:conmonctl:a\\x2bb-x1');
  assert.equal(cgroupOf({ ...root, systemd: true, uid: 1000 }), 'user.slice:conmonctl:a\\x2bb-x1');
});

it('giveCgroup: none that a runtime may not make, and none in place of the bundle’s own', () => {
  assert.equal(cgroupOf({ ...root, uid: 1000 }), undefined);
  assert.equal(cgroupOf({ ...root, initialUserNamespace: false }), undefined);
  assert.equal(cgroupOf(root, { cgroupsPath: '/mine' }), '/mine');
  assert.deepEqual(giveCgroup({ process: {} }, 'x', root), { process: {} });
});

it('findCgroupPlace: the runtime’s arguments tell whether systemd makes cgroups', () => {
  for (const word of ['--systemd-cgroup', '--systemd-cgroup=true', '--cgroup-manager=systemd'])
    assert.equal(findCgroupPlace(['--debug', word]).systemd, true, word);
  assert.equal(findCgroupPlace(['--cgroup-manager=cgroupfs', '--systemd-cgroup=false']).systemd, false);
});
