import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FileStat } from '../../../src/sys/file-stat.ts';

/** As the kernel fills it in. */
function statOf(file: { readonly dev: bigint; readonly ino: bigint }): FileStat {
  const stat = new FileStat();
  const lower = (number: bigint) => Number(number & 0xffffffffn);
  const upper = (number: bigint) => Number(number >> 32n);
  stat.set([0o100644, 0, 0, 0, lower(file.dev), lower(file.ino), 1, upper(file.dev), upper(file.ino)]);
  return stat;
}

it('file stat: two files whose inode or device differs above 2^53 only are not the same', () => {
  const file = { dev: 2n ** 60n, ino: 2n ** 60n };
  assert.ok(statOf(file).isSameFile(statOf(file)));
  for (const other of [
    { ...file, ino: file.ino + 1n },
    { ...file, dev: file.dev + 1n },
    { dev: file.ino >> 32n, ino: file.dev },
  ]) {
    assert.ok(!statOf(file).isSameFile(statOf(other)));
    assert.notEqual(statOf(file).identity, statOf(other).identity);
  }
});
