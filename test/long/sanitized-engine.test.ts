// The programs of test/engine, hard cases for the engine and for the C code next to it, under sanitizers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { variants } from '../../scripts/build/executable.ts';
import { buildProgram, engineVersions, runProgram, tellHere } from '../engine/engine-program.ts';
import { forgetReports, probeSanitizers, readReports } from '../fixtures/sanitizers.ts';

const missing = await probeSanitizers();
/** Once: a second time what was made before is there. */
const answers = [
  ['language', await tellHere('language')],
  ['text', await tellHere('text')],
] as const;
const withoutSanitizers = missing !== undefined && `needs ${missing}`;

for (const { version, skip } of engineVersions)
  describe(`engine ${version} under sanitizers`, { skip: withoutSanitizers || skip }, () => {
    for (const [name, here] of answers)
      test(`${name}: the answers are those of Node, and there is no report`, async t => {
        forgetReports();
        const inEngine = runProgram(await buildProgram(t, name, version, variants.sanitize));
        assert.deepEqual(readReports(), []);
        assert.deepEqual(inEngine, here);
      });

    test('recursion: calls without an end are an exception each time, and there is no report', async t => {
      forgetReports();
      const said = runProgram(await buildProgram(t, 'recursion', version, variants.sanitize));
      assert.deepEqual(readReports(), []);
      assert.ok(said.length > 5);
      for (const line of said) assert.match(line, /: stopped at [1-9]\d*, and again$/);
    });
  });
