import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EACCES, EEXIST, EINTR, EIO, ENOSPC } from '../../src/sys/errno.ts';
import { readFile, replaceFile, writeAll } from '../../src/sys/files.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';

describe('files', () => {
  it('readFile: gathers short reads, past interruptions, and closes', () => {
    const sys = createScriptedSys();
    sys.arrive(100, 'ab', -EINTR, 'c', 0);
    assert.deepEqual(Buffer.from(readFile(sys, '/f', 10) as Uint8Array).toString(), 'abc');
    assert.deepEqual(sys.calls.at(-1), ['close', 100]);
    sys.assertDone();
  });

  it('readFile: reads no more than asked for', () => {
    const sys = createScriptedSys().file('/f', '0123456789');
    assert.equal(Buffer.from(readFile(sys, '/f', 4) as Uint8Array).toString(), '0123');
  });

  it('readFile: answers the errno of opening and of reading', () => {
    assert.equal(readFile(createScriptedSys().file('/f', -EACCES), '/f', 4), -EACCES);
    const sys = createScriptedSys().answer('read', 0).answer('read', -EIO);
    assert.equal((readFile(sys, '/f', 4) as Uint8Array).length, 0);
    assert.equal(readFile(sys, '/f', 4), -EIO);
    assert.equal(sys.called('close').length, 2);
  });

  it('writeAll: gathers short writes past interruptions, and stops at an error', () => {
    const sys = createScriptedSys().answer('write', 1, -EINTR, 2);
    assert.equal(writeAll(sys, 7, Buffer.from('abcdef')), 0);
    assert.equal(sys.written(7).toString(), 'abcdef');
    sys.answer('write', 2, -ENOSPC);
    assert.equal(writeAll(sys, 8, Buffer.from('abcdef')), -ENOSPC);
    assert.equal(sys.written(8).toString(), 'ab');
  });

  it('writeAll: a write that takes nothing is an error, not a loop', () => {
    assert.equal(writeAll(createScriptedSys().always('write', 0), 7, Buffer.from('a')), -EIO);
  });

  it('E6: replaceFile: the other name fits wherever the file’s own does, in whole characters', () => {
    for (const name of [
      'f',
      'x'.repeat(255),
      '€'.repeat(85),
      `x${'😀'.repeat(63)}`,
      'ü'.repeat(127),
      'x'.repeat(244),
    ]) {
      const sys = createScriptedSys();
      assert.equal(replaceFile(sys, `/d/${name}`, Buffer.from('x'), 0o666), 0);
      const [, path] = sys.called('open')[0]!;
      const other = String(path).slice('/d/'.length);
      assert.ok(Buffer.byteLength(other) <= 255, `${Buffer.byteLength(other)} bytes for ${name}`);
      assert.match(other, /^\..*\.[a-z0-9]{8}~$/);
      assert.ok(!other.includes('\ufffd'));
      assert.ok(name.startsWith(other.slice(1, -10)));
    }
  });

  it('replaceFile: gives up when every name is taken, and leaves what is not its own', () => {
    const sys = createScriptedSys().always('open', -EEXIST);
    assert.equal(replaceFile(sys, '/d/f', Buffer.from('x'), 0o666), -EEXIST);
    assert.deepEqual(sys.called('unlink', 'rename'), []);
  });
});
