// The depth of calls is checked against the stack that there is: what goes too deep is an error, never a crash.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startMonitored } from '../fixtures/monitored.ts';
import { buildProgram, engineVersions, runProgram } from './engine-program.ts';

/** From less than the monitor needs up to more than the engine uses. */
const limitsKib = [32, 64, 100, 128, 160, 192, 256, 384, 512, 1024, 8192, 'unlimited'];
const environmentsBytes = [0, 30_000, 100_000];
/** With less than this beside its environment the kernel starts no program, and kills what it has begun. */
const roomKibMin = 24;
/** What ends a process by a signal, as a shell sees it. */
const signalled = 128;

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('calls without an end are an exception each time, by whatever way they go, at every limit of the stack', async t => {
      const program = await buildProgram(t, 'recursion', version);
      for (const limit of limitsKib.filter(limit => limit === 'unlimited' || Number(limit) >= 128)) {
        const said = runProgram(program, `ulimit -s ${limit}`);
        assert.ok(said.length > 5);
        for (const line of said)
          assert.match(line, /: stopped at [1-9]\d*, and again$/, `ulimit -s ${limit}`);
      }
    });
  });

describe('a monitor with little stack', () => {
  for (const limit of limitsKib)
    for (const environmentBytes of environmentsBytes.filter(
      bytes => !(Number(limit) - bytes / 1024 < roomKibMin),
    ))
      test(`ulimit -s ${limit}, ${environmentBytes} bytes more of environment: a whole life, or words that refuse it`, t => {
        const fill = Object.fromEntries(
          Array.from({ length: environmentBytes / 1000 }, (_, i) => [`FILL${i}`, 'x'.repeat(990)]),
        );
        const box = startMonitored(t, {
          before: ['sh', '-c', `ulimit -s ${limit} && exec "$0" "$@"`],
          container: 'ulimit -s 8192; echo out; echo err >&2; exit 7',
          env: fill,
        });
        const launched = box.caller.wait();
        if (launched === 0) {
          assert.ok(box.started() > 0);
          assert.equal(box.exitStatus(), '7');
          assert.equal(box.output(), 'out\n');
          assert.equal(box.end(), 7);
          return;
        }
        assert.ok(launched < signalled, `ended by signal ${launched - signalled}`);
        assert.notEqual(box.caller.stderr(), '');
        assert.ok(!existsSync(box.exitFile));
      });
});
