// Statistics, from cgroups of both versions that lie in ordinary folders.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStats } from '../../../src/manager/stats/read-stats.ts';

/** Files of cgroups, as kernels of version 6 show them. */
const version2 = {
  'cpu.stat':
    'usage_usec 2500\nuser_usec 2000\nsystem_usec 500\nnice_usec 0\nnr_periods 10\nnr_throttled 3\nthrottled_usec 1500\nnr_bursts 0\nburst_usec 0\n',
  'memory.current': '10000\n',
  'memory.max': '20000\n',
  'memory.peak': '15000\n',
  'memory.swap.current': '300\n',
  'memory.swap.max': 'max\n',
  'memory.stat':
    'anon 4000\nfile 5000\nkernel 1000\ninactive_anon 0\ninactive_file 3000\npgfault 70\npgmajfault 2\n',
  'memory.events': 'low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n',
  'pids.current': '7\n',
  'pids.max': 'max\n',
  'io.stat':
    '8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n253:1 rbytes=10 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n',
};
const version1 = {
  cpu: { 'cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 1500000\n' },
  cpuacct: {
    'cpuacct.usage': '2500000\n',
    'cpuacct.usage_user': '2000000\n',
    'cpuacct.usage_sys': '500000\n',
  },
  memory: {
    'memory.usage_in_bytes': '10000\n',
    'memory.limit_in_bytes': '20000\n',
    'memory.max_usage_in_bytes': '15000\n',
    'memory.kmem.usage_in_bytes': '1000\n',
    'memory.memsw.usage_in_bytes': '10300\n',
    'memory.memsw.limit_in_bytes': '9223372036854771712\n',
    'memory.stat':
      'cache 1\nrss 1\ninactive_file 1\ntotal_cache 5000\ntotal_rss 4000\ntotal_inactive_file 3000\ntotal_pgfault 70\ntotal_pgmajfault 2\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  },
  pids: { 'pids.current': '7\n', 'pids.max': 'max\n' },
  blkio: {
    'blkio.throttle.io_service_bytes': '8:0 Read 0\nTotal 0\n',
    'blkio.throttle.io_service_bytes_recursive':
      '8:0 Read 100\n8:0 Write 200\n8:0 Sync 200\n8:0 Async 100\n8:0 Discard 0\n8:0 Total 300\n253:1 Read 10\n253:1 Write 20\n253:1 Total 30\nTotal 330\n',
    'blkio.throttle.io_serviced_recursive':
      '8:0 Read 1\n8:0 Write 2\n8:0 Total 3\n253:1 Read 3\n253:1 Write 4\n253:1 Total 7\nTotal 10\n',
  },
};

const device = (
  name: string,
  [readBytes, writtenBytes, readOperations, writeOperations]: readonly number[],
) => ({
  device: name,
  readBytes,
  writtenBytes,
  readOperations,
  writeOperations,
});
const none = device('7:0', [0, 0, 0, 0]);
const expected = {
  cpu: { usageMs: 2.5, userMs: 2, systemMs: 0.5, periods: 10, throttledPeriods: 3, throttledMs: 1.5 },
  memory: {
    usageBytes: 10000,
    workingSetBytes: 7000,
    limitBytes: 20000,
    peakBytes: 15000,
    anonymousBytes: 4000,
    fileBytes: 5000,
    kernelBytes: 1000,
    swapBytes: 300,
    swapLimitBytes: undefined,
    pageFaults: 70,
    majorPageFaults: 2,
    oomKills: 1,
  },
  pids: { current: 7, limit: undefined },
  blockIo: {
    readBytes: 110,
    writtenBytes: 220,
    readOperations: 4,
    writeOperations: 6,
    devices: [device('8:0', [100, 200, 1, 2]), device('253:1', [10, 20, 3, 4])],
  },
};

test('stats: of version 2', t => {
  const { time, blockIo, ...stats } = readStats(makeCgroups(t, [version2]));
  assert.ok(Math.abs(time.getTime() - Date.now()) < 60_000);
  const { blockIo: sums, ...others } = expected;
  assert.deepEqual(stats, others);
  assert.deepEqual(blockIo, { ...sums, devices: [sums.devices[0], none, sums.devices[1]] });
});

test('stats: of version 1, each controller in a hierarchy of its own, or some of them in one', t => {
  const { cpu, cpuacct, ...others } = version1;
  for (const controllers of [Object.values(version1), [{ ...cpu, ...cpuacct }, ...Object.values(others)]]) {
    const { time: _, ...stats } = readStats(makeCgroups(t, controllers));
    assert.deepEqual(stats, expected);
  }
});

test('stats: of both, each controller where it is', t => {
  const { 'cpu.stat': counts } = version2;
  const usageAlone = counts.split('\n').slice(0, 3).join('\n'); // without its controller
  const unified = { 'cpu.stat': usageAlone, 'cgroup.procs': '1\n' };
  const { cpuacct: _, ...others } = version1;
  for (const order of [
    [unified, ...Object.values(others)],
    [...Object.values(others), unified],
  ]) {
    const { time: _time, ...stats } = readStats(makeCgroups(t, order));
    assert.deepEqual(stats, expected);
  }
});

test('stats: what no controller tells is undefined', t => {
  const { cpu, memory, pids, blockIo } = readStats(
    makeCgroups(t, [{ 'cpu.stat': 'usage_usec 5000\n', 'memory.current': 'junk\n' }]),
  );
  assert.deepEqual(cpu, {
    usageMs: 5,
    userMs: undefined,
    systemMs: undefined,
    periods: undefined,
    throttledPeriods: undefined,
    throttledMs: undefined,
  });
  assert.deepEqual([memory, pids, blockIo], [undefined, undefined, undefined]);
});

test('stats: cgroups that are gone tell nothing', () => {
  const { time: _, ...stats } = readStats(['/nowhere/a', '/nowhere/b']);
  assert.deepEqual(Object.values(stats), [undefined, undefined, undefined, undefined]);
});

function makeCgroups(t: TestContext, cgroups: readonly Readonly<Record<string, string>>[]): string[] {
  const root = mkdtempSync(join(tmpdir(), 'manager-stats-'));
  t.after(() => rmSync(root, { recursive: true }));
  return cgroups.map((files, i) => {
    const directory = join(root, String(i));
    mkdirSync(directory);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return directory;
  });
}
