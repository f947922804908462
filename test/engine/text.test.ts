// Text in the engine (src/engine/text.c) is text as Node has it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram, engineVersions, runProgram, tellHere } from './engine-program.ts';

const here = await tellHere('text');

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('text: bytes to text, text to bytes and the valid part are those of Node, for hard cases and random ones', async t => {
      const inEngine = runProgram(await buildProgram(t, 'text', version));
      assert.ok(here.length > 20_000);
      assert.deepEqual(inEngine.filter((line, i) => line !== here[i]).slice(0, 20), []);
      assert.equal(inEngine.length, here.length);
    });
  });
