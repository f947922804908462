// The constants of the ABI against the system's headers, which know them for x86-64 and for arm64.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as constants from '../../../src/sys/constants.ts';
import * as errno from '../../../src/sys/errno.ts';
import { makeFolder } from '../../fixtures/monitored.ts';

/** The compilers, by what Node.js calls their architecture. */
const compilers = {
  x64: ['cc', 'x86_64-linux-gnu-gcc'],
  arm64: ['cc', 'aarch64-linux-gnu-gcc'],
} as const;

const headers = [
  ...[
    'errno.h',
    'fcntl.h',
    'linux/memfd.h',
    'linux/sockios.h',
    'signal.h',
    'sys/epoll.h',
    'sys/eventfd.h',
    'sys/inotify.h',
    'sys/mman.h',
  ],
  ...['sys/ioctl.h', 'sys/prctl.h', 'sys/random.h', 'sys/socket.h', 'sys/stat.h', 'sys/wait.h', 'termios.h'],
  ...['time.h', 'unistd.h'],
];
/** Ours, by what it is made of there. */
const ownNames: Readonly<Record<string, string>> = {
  F_SEAL_ALL: 'F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE',
};
/** The two flags that arm64 numbers otherwise: constants.ts chooses by the processor that it runs on. */
const flagsOf = {
  x64: { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 },
  arm64: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000 },
} as const;

const numbers: readonly (readonly [string, number])[] = Object.entries<unknown>({
  ...constants,
  ...errno,
}).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : []));

describe('constants', () => {
  for (const [architecture, names] of Object.entries(compilers)) {
    const compiler = names.find(name => targetOf(name) === architecture);
    const flags = flagsOf[architecture as keyof typeof flagsOf];
    it(`of ${architecture}: each has the value of the system’s header`, {
      skip: compiler === undefined && `needs a C compiler for ${architecture}`,
    }, () => {
      assert.ok(numbers.length > 100);
      assert.deepEqual(findWrong(compiler!, { ...Object.fromEntries(numbers), ...flags }), []);
    });

    it(`of ${architecture}: one that is wrong would be found`, {
      skip: compiler === undefined && `needs a C compiler for ${architecture}`,
    }, () => {
      const other = architecture === 'x64' ? flagsOf.arm64 : flagsOf.x64;
      assert.deepEqual(findWrong(compiler!, { ...other, ESTALE: errno.ESTALE }), Object.keys(other));
    });
  }

  it('of the running processor: its own two flags are chosen', () => {
    const { O_DIRECTORY, O_NOFOLLOW } = constants;
    assert.deepEqual({ O_DIRECTORY, O_NOFOLLOW }, flagsOf[process.arch as keyof typeof flagsOf]);
  });

  it('every errno has its name and the words of strerror(3)', { skip: isMissing('cc') }, t => {
    const errors = Object.entries(errno).filter(([, number]) => typeof number === 'number');
    const says = errors.map(([name]) => `puts(strerror(${name}));`).join(' ');
    const program = join(makeFolder(t, 'words'), 'words');
    const source = `#include <errno.h>\n#include <stdio.h>\n#include <string.h>\nint main(void) { ${says} }\n`;
    execFileSync('cc', ['-x', 'c', '-o', program, '-'], { input: source });
    assert.deepEqual(
      errors.map(([, number]) => errno.errorWords(number as number)),
      execFileSync(program, { encoding: 'utf8' }).trimEnd().split('\n'),
    );
    for (const [name, number] of errors) assert.equal(errno.errorName(number as number), name);
  });
});

/** The names whose values are not the header's. Nothing is run: the compiler for another processor will do. */
function findWrong(compiler: string, values: Readonly<Record<string, number>>): string[] {
  const asserts = Object.entries(values).map(
    ([name, value]) => `_Static_assert((${ownNames[name] ?? name}) == ${value}, "${name} is wrong");`,
  );
  const source = ['#define _GNU_SOURCE', ...headers.map(header => `#include <${header}>`), ...asserts].join(
    '\n',
  );
  const { status, stderr } = spawnSync(compiler, ['-x', 'c', '-fsyntax-only', '-'], {
    input: source,
    encoding: 'utf8',
  });
  const wrong = [...stderr.matchAll(/"?(\w+) is wrong"?$/gm)].map(([, name]) => name!);
  assert.ok(status === 0 || wrong.length > 0, stderr);
  return wrong;
}

function targetOf(compiler: string): keyof typeof compilers | undefined {
  const target = spawnSync(compiler, ['-dumpmachine'], { encoding: 'utf8' }).stdout ?? '';
  if (target.startsWith('x86_64')) return 'x64';
  return target.startsWith('aarch64') ? 'arm64' : undefined;
}

function isMissing(compiler: string): string | false {
  return targetOf(compiler) === undefined && 'needs a C compiler';
}
