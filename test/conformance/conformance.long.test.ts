// Every scenario with the C conmon of this machine and with ours: what differs is explained, and what is explained differs.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findConmons } from './conmons.ts';
import { explanations } from './explanations.ts';
import { closeJournal } from './journal.ts';
import { findUnused, isFailure, playScenario, type Result } from './play.ts';
import { formatResult } from './report.ts';
import { scenarios } from './scenarios/all.ts';

const conmons = findConmons();
const results: Result[] = [];
const replaysMax = 2;

after(closeJournal);

for (const scenario of scenarios)
  test(`conformance: ${scenario.name}`, async t => {
    const result = await playUntilExplained(scenario);
    results.push(result);
    if (result.needs !== undefined) t.skip(`needs ${result.needs}`);
    assert.ok(!isFailure(result), formatResult(result));
  });

test('conformance: every explanation for any scenario is needed', t => {
  if (results.some(({ verdict }) => verdict === 'skipped')) {
    t.skip('needs all scenarios');
    return;
  }
  assert.deepEqual(findUnused(explanations, results, conmons.generation), []);
});

/** C conmon has races of its own, in which a scenario comes out otherwise once in a while: only what comes out so
 * each time is a difference. */
async function playUntilExplained(scenario: (typeof scenarios)[number]): Promise<Result> {
  let result = await playScenario(scenario, conmons, explanations);
  for (let again = 0; again < replaysMax && isFailure(result); again++)
    result = await playScenario(scenario, conmons, explanations);
  return result;
}
