import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GRND_NONBLOCK } from '../../src/sys/constants.ts';
import { EAGAIN, ENAMETOOLONG, ENOENT, ENOSYS } from '../../src/sys/errno.ts';
import { randomName } from '../../src/sys/random-name.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { readWorkingDirectory } from '../../src/sys/working-directory.ts';

describe('random names', () => {
  it('are small letters and digits, as many as asked for, of one call that does not wait', () => {
    const sys = createScriptedSys();
    assert.equal(randomName(sys, 8), 'abcdefgh');
    assert.equal(randomName(sys, 36), 'ijklmnopqrstuvwxyz0123456789abcdefgh');
    assert.deepEqual(sys.calls, [
      ['getrandom', 8, GRND_NONBLOCK],
      ['getrandom', 36, GRND_NONBLOCK],
    ]);
  });

  for (const [what, answer] of [
    ['a kernel without getrandom', -ENOSYS],
    ['a kernel that has none yet', -EAGAIN],
    ['a short answer', 3],
  ] as const)
    it(`${what}: another name for each process and moment all the same`, () => {
      const names = new Set<string>();
      for (const pid of [1, 2, 4242, 4243])
        for (let ns = 0; ns < 1000; ns++) {
          const sys = createScriptedSys().always('getrandom', answer).always('getpid', pid);
          sys.realtime[1] = ns * 1000;
          names.add(randomName(sys, 8));
        }
      assert.ok(names.size > 3990, `${names.size} of 4000`);
      for (const name of names) assert.match(name, /^[a-z0-9]{8}$/);
    });
});

describe('the working directory', () => {
  const answering = (path: string | Uint8Array) =>
    createScriptedSys().always('getcwd', buf => {
      const bytes = Buffer.concat([Buffer.from(path as string), Buffer.alloc(1)]);
      buf.set(bytes);
      return bytes.length;
    });

  it('is the path without its NUL', () => {
    for (const path of ['/', '/a/b', '/ünï–✓', '/\ufffd', `/${'x'.repeat(4094)}`])
      assert.equal(readWorkingDirectory(answering(path)), path);
  });

  for (const [what, sys, why] of [
    ['there is none', createScriptedSys().always('getcwd', -ENOENT), 'No such file or directory'],
    ['it is too long', createScriptedSys().always('getcwd', -ENAMETOOLONG), 'File name too long'],
    ['it is out of reach', answering('(unreachable)/a'), 'it is outside of the root directory'],
    ['it is not UTF-8', answering(Buffer.from('/a\xff', 'latin1')), 'its path is not UTF-8'],
  ] as const)
    it(`O22: ${what}: it is refused, and why`, () => {
      assert.throws(() => readWorkingDirectory(sys), {
        name: 'Refusal',
        message: `Failed to get working directory: ${why}`,
      });
    });
});
