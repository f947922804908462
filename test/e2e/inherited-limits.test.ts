// What a caller passes on without a thought: how long files may be, the time zone, and fds that nobody can list.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { conmon } from '../fixtures/conmon.ts';
import { startMonitored } from '../fixtures/monitored.ts';
import { withoutPrograms } from '../fixtures/programs.ts';

test('G7 RLIMIT_FSIZE on the log: whole records as far as it goes, and the caller learns how the container ends', {
  skip: withoutPrograms('prlimit'),
}, t => {
  const limit = 64 * 1024;
  const box = startMonitored(t, {
    container:
      'i=0; while [ $i -lt 1000 ]; do echo "line $i of a text that is too long"; i=$((i + 1)); done; exit 3',
    before: ['prlimit', `--fsize=${limit}`],
  });
  assert.equal(box.end(), 3);
  assert.equal(box.exitStatus(), '3');
  assert.ok(statSync(box.log).size <= limit);
  assert.match(readFileSync(box.log, 'utf8'), /^(\S+ stdout F line \d+ of a text that is too long\n){700,}$/);
});

// A rule without dates for some C libraries, which then never leave summer time.
for (const zone of ['EST5EDT', 'PST8PDT'])
  test(`L6 TZ=${zone}: the offset of the file of that name`, {
    skip: !existsSync(`/usr/share/zoneinfo/${zone}`) && 'needs the files of time zones',
  }, t => {
    const path = `/usr/share/zoneinfo/${zone}`;
    const offsetOf = (TZ: string) => {
      const box = startMonitored(t, { container: 'echo hello', env: { TZ } });
      assert.equal(box.end(), 0);
      return /^\S+?([+-]\d\d:\d\d) stdout F hello\n$/.exec(readFileSync(box.log, 'utf8'))?.[1];
    };
    assert.equal(offsetOf(zone), offsetOf(path));
  });

test('a list of the inherited fds that cannot be read: the caller learns that', {
  skip: withoutStrace(),
}, () => {
  const inject = ['-e', 'trace=getdents64', '-e', 'inject=getdents64:error=ENOMEM:when=1'];
  const result = spawnSync('strace', ['-o', '/dev/null', ...inject, conmon, '--sync', '-c', 'id'], {
    encoding: 'utf8',
  });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^conmon: Failed to list the inherited fds: .*memory\n$/);
});

function withoutStrace(): string | false {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? false : 'needs strace';
}
