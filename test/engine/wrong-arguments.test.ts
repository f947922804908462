// The engine's Node-API, by which numbers and arrays cross into C: it lets no more through than Node's does.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callNames } from '../fixtures/wrong-arguments.ts';
import { buildProgram, engineVersions, runProgram } from './engine-program.ts';

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('wrong arguments: each is refused, and what the C type holds is not', async t => {
      const said = runProgram(await buildProgram(t, 'wrong-arguments', version));
      assert.deepEqual(
        said,
        callNames.map(name => `${name}: right`),
      );
    });
  });
