// The executable cannot make a thread, whatever a monitor has to do: nothing that is linked asks the C library for one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const build = join(import.meta.dirname, '../../build');
/** What makes a thread, or may: POSIX timers can be told to, and asynchronous I/O of a C library has threads. */
const makers = [
  /^pthread_create$/,
  /^thrd_create$/,
  /^timer_create$/,
  /^aio_/,
  /^lio_listio/,
  /^getaddrinfo_a$/,
];

test('one thread: nothing that is linked into the executable asks for a thread', () => {
  const folders = readdirSync(build)
    .filter(name => name.startsWith('release-'))
    .map(name => join(build, name, 'objects'))
    .filter(existsSync);
  assert.ok(folders.length > 0, 'there is a build');
  for (const folder of folders) {
    const objects = readdirSync(folder).filter(name => name.endsWith('.o'));
    const wanted = execFileSync('nm', ['--undefined-only', '--format=posix', ...objects], {
      cwd: folder,
      encoding: 'utf8',
    })
      .split('\n')
      .map(line => line.split(' ')[0]!);
    assert.ok(wanted.includes('clone'), 'nm sees what spawn.c asks for');
    assert.deepEqual(
      wanted.filter(name => makers.some(maker => maker.test(name))),
      [],
      folder,
    );
  }
});
