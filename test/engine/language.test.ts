// The engine's language is that of Node, as far as the monitor relies on it: the same answers to ./programs/language.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram, engineVersions, runProgram, tellHere } from './engine-program.ts';

const here = await tellHere('language');

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('language: the engine answers what Node answers', async t => {
      const inEngine = runProgram(await buildProgram(t, 'language', version));
      assert.ok(here.length > 100);
      assert.deepEqual(
        inEngine.filter((line, i) => line !== here[i]),
        here.filter((line, i) => line !== inEngine[i]),
      );
    });
  });
