// The container's cgroup file and its memory.events, in a mount namespace of our own. What is found there is what
// findMemoryCgroup() and parseOomCounters() find in Node.js.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { findMemoryCgroup } from '../../src/oom/cgroup-path.ts';
import { hasNewOom, noOoms, parseOomCounters } from '../../src/oom/oom-counters.ts';
import { makeFolder, makeGate, openGate, startMonitored } from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { waitUntil } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size } from './inputs.ts';
import { containerStatus, follow } from './lives.ts';

/** What the monitor reads of either. */
const cgroupBytesMax = 65_536;
const eventsBytesMax = 4096;

/** The one that is there, below /sys/fs/cgroup. */
const box = '/box';

const cgroupLine = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      `0::${box}`,
      `0::${box}`,
      `4:memory:${box}`,
      `5:cpu,memory:${box}`,
      '1:name=systemd:/a',
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('0', '1', '12', '', 'x', '-1'),
        fc.constantFrom('', 'memory', 'cpu,memory', 'memory ', 'mem ory', 'pids'),
        fc.constantFrom(
          '/',
          box,
          `${box}/`,
          '/..',
          '/a/../box',
          'box',
          '',
          `${box}/no`,
          '/\xff',
          '/a:b',
          `/${'d'.repeat(4000)}`,
        ),
      )
      .map(parts => parts.join(':')),
  },
);
const cgroupFile = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(cgroupLine, { maxLength: 6 })
      .map(lines => Buffer.from(lines.map(line => `${line}\n`).join(''), 'latin1')),
  },
  { weight: 1, arbitrary: bytes(size(200_000, cgroupBytesMax)) },
  {
    weight: 1,
    arbitrary: size(80_000, cgroupBytesMax).map(length =>
      Buffer.from(`${'9:x:/y\n'.repeat(length / 7)}0::${box}\n`),
    ),
  },
);

const count = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '2',
    '',
    '-1',
    '+1',
    '01',
    '1 ',
    '18446744073709551615',
    '99999999999999999999999',
  ),
  fc.nat().map(String),
);
const eventLine = fc
  .tuple(
    fc.constantFrom('oom', 'oom_kill', 'oom', 'oom_kill', 'low', 'max', 'oom_', 'oom_group_kill', ''),
    fc.constantFrom(' ', ' ', '  ', '\t', '='),
    count,
  )
  .map(parts => parts.join(''));
const eventsFile = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(eventLine, { maxLength: 8 })
      .map(lines => Buffer.from(lines.map(line => `${line}\n`).join(''))),
  },
  { weight: 1, arbitrary: bytes(size(20_000, eventsBytesMax)) },
);

interface Files {
  readonly cgroup: Buffer;
  /** What memory.events says, one after the other. */
  readonly events: readonly Buffer[];
}

export const cgroupKind: Kind<Files> = {
  name: 'cgroup file and memory.events',
  skip: withoutMounts,
  roundsPerSession: 40,
  input: fc.record({ cgroup: cgroupFile, events: fc.array(eventsFile, { minLength: 1, maxLength: 4 }) }),
  open(t, conmon) {
    const mounts = openPrivateMounts(
      t,
      `mount -t tmpfs none /sys/fs/cgroup
       mkdir -p /sys/fs/cgroup${box} /sys/fs/cgroup/memory${box} /sys/fs/cgroup/cpu,memory${box}
       for name in cgroup.event_control memory.oom_control; do
         : >/sys/fs/cgroup/memory${box}/$name
         : >/sys/fs/cgroup/cpu,memory${box}/$name
       done`,
    );
    const eventsPath = mounts.at(`/sys/fs/cgroup${box}/memory.events`);
    return {
      try({ cgroup, events }) {
        const cgroupPath = join(makeFolder(t, 'cgroup'), 'cgroup');
        writeFileSync(cgroupPath, cgroup);
        rmSync(eventsPath, { force: true });
        writeFileSync(eventsPath, events[0]!);
        const gate = makeGate(t);
        const life = startMonitored(t, {
          conmon,
          mounts,
          runtime: 'runtime-says',
          container: `read go <${gate}; exit ${containerStatus}`,
          env: { RUNTIME_CGROUP: cgroupPath, RUNTIME_PID_FILE: pidAlone(t) },
        });
        const report = life.caller.readSync(limitMs);
        waitUntilIdle(life.monitor);
        for (const content of events.slice(1)) writeFileSync(eventsPath, content);
        openGate(gate);
        const { fault } = follow(life, { report });
        mounts.readSyslog(); // or it is full some time
        if (fault !== undefined) return fault;
        const found = findMemoryCgroup(cgroup.subarray(0, cgroupBytesMax));
        const isWatched = found?.version === 2 && found.path.replace(/\/+$/, '') === `/sys/fs/cgroup${box}`;
        const isOom =
          isWatched && hasNewOom(noOoms, parseOomCounters(events.at(-1)!.subarray(0, eventsBytesMax)));
        // One that was only there for a while may have been seen.
        const mayBe = isWatched && events.some(content => hasNewOom(noOoms, parseOomCounters(content)));
        const isMarked = existsSync(join(life.bundle, 'oom'));
        return isOom === isMarked || mayBe === isMarked
          ? undefined
          : `an OOM kill is ${isMarked ? '' : 'not '}noted`;
      },
    };
  },
};

function pidAlone(t: Parameters<typeof makeFolder>[0]): string {
  const path = join(makeFolder(t, 'pid'), 'pid-file');
  writeFileSync(path, 'PID');
  return path;
}

/** It has read the cgroup file, then, before the container ends and its file with it. */
function waitUntilIdle(pid: number): void {
  const isIdle = () => /^\d+ \(.*\) S /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  waitUntil(isIdle, `process ${pid} to wait`, limitMs);
}
