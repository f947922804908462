// The engine's rule: it looks for garbage that refers to itself whenever 64 KiB have come beyond what lived the last
// time. That is enough for garbage of each kind; see programs/garbage.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram, engineVersions, runProgram } from './engine-program.ts';

/** Three times what may gather: the blocks of what is left lie scattered. */
const moreBytesMax = 3 * 64 * 1024;

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('garbage: a hundred thousand rings of each kind take no more memory than a few hundred', async t => {
      const said = runProgram(await buildProgram(t, 'garbage', version));
      const bytes = said.map(line => Number(line.slice(line.lastIndexOf(' '))));
      t.diagnostic(`kB: ${bytes.map(each => each / 1000).join(' ')}`);
      const before = bytes[0]!;
      assert.ok(before > 0 && bytes.length > 10);
      assert.deepEqual(
        said.filter((_, i) => bytes[i]! - before > moreBytesMax),
        [],
      );
    });
  });
