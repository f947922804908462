import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  hasCapability,
  judgeAddon,
  judgeCgroups,
  judgeIdentity,
  judgeKernel,
  judgeLimits,
  judgePermissions,
  readCgroupSetup,
} from '../../../src/cli/doctor/judge.ts';

const v1 = '30 25 0:26 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory';
const v2 = '31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const other = '32 25 0:28 / /mnt/cgroup2 rw - ext4 /dev/sda1 rw';

it('readCgroupSetup: by the types of what is mounted', () => {
  assert.equal(readCgroupSetup(`${v2}\n${other}\n`), 'v2');
  assert.equal(readCgroupSetup(`${v1}\n${v2}\n`), 'hybrid');
  assert.equal(readCgroupSetup(`${v1}\n`), 'v1');
  assert.equal(readCgroupSetup(other), 'none');
});

it('judgeCgroups: version 2 that is ours is well, all else comes with advice', () => {
  assert.equal(judgeCgroups('v2', true).verdict, 'ok');
  for (const [setup, writable] of [
    ['v2', false],
    ['hybrid', true],
    ['v1', true],
    ['none', false],
  ] as const) {
    const { verdict, todo } = judgeCgroups(setup, writable);
    assert.deepEqual([verdict, todo !== undefined], ['advice', true]);
  }
});

it('judgeKernel: 5.3 is the first', () => {
  const verdicts = ['5.2.99', '5.3.0', '6.1.0-18-amd64', '4.19', '5.10-rc1'].map(
    release => judgeKernel(release).verdict,
  );
  assert.deepEqual(verdicts, ['missing', 'ok', 'ok', 'missing', 'ok']);
});

it('judgeAddon: containers run without it, and what will not work is told', () => {
  assert.deepEqual(judgeAddon(undefined), { about: 'addon', verdict: 'ok', found: 'loads' });
  const { verdict, found, todo } = judgeAddon('the addon does not load');
  assert.deepEqual([verdict, found], ['advice', 'the addon does not load']);
  assert.match(todo ?? '', /attach/);
});

it('hasCapability: by its bit', () => {
  assert.equal(hasCapability('CapEff:\t000001ffffffffff\n', 'CAP_SYS_RESOURCE'), true);
  assert.equal(hasCapability('CapEff:\t0000000000200000\n', 'CAP_SYS_ADMIN'), true);
  assert.equal(hasCapability('CapEff:\t0000000000200000\n', 'CAP_SYS_RESOURCE'), false);
});

it('judgePermissions: root, root without its powers, users with and without namespaces', () => {
  const all = 'CapEff:\t000001ffffffffff\n';
  const verdict = (...given: Parameters<typeof judgePermissions>) => judgePermissions(...given).verdict;
  assert.equal(verdict(0, all, 0, {}), 'ok');
  assert.equal(verdict(0, 'CapEff:\t0000000000200000\n', 0, {}), 'advice');
  assert.equal(verdict(0, 'CapEff:\t0\n', 0, {}), 'missing');
  assert.equal(verdict(1000, '', 100, {}), 'ok');
  assert.equal(verdict(1000, '', 0, {}), 'missing');
  assert.equal(verdict(1000, '', 100, { unprivileged_userns_clone: '0\n' }), 'missing');
  assert.equal(verdict(1000, '', 100, { apparmor_restrict_unprivileged_userns: '1\n' }), 'advice');
});

it('judgeLimits: soft limits count', () => {
  const limits = (files: string, processes: string) =>
    judgeLimits(
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
        `Max processes             ${processes}                 96365                processes \n` +
        `Max open files            ${files}                 1048576              files     \n`,
    ).map(({ verdict }) => verdict);
  assert.deepEqual(limits('1024', 'unlimited'), ['ok', 'ok']);
  assert.deepEqual(limits('256', '100'), ['advice', 'advice']);
  assert.deepEqual(limits('100', '1024'), ['missing', 'ok']);
});

it('judgeIdentity: the name and the executable are conmon’s', () => {
  assert.equal(judgeIdentity('conmon', '/usr/bin/conmon').verdict, 'ok');
  assert.equal(judgeIdentity('node', '/usr/bin/node').verdict, 'advice');
  assert.equal(judgeIdentity('conmon', '/usr/bin/conmon-wrapper').verdict, 'advice');
});
