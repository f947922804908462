// `npm run conformance`: plays every scenario with the C conmon and with ours, and prints a table of what is the same,
// what differs and why, and what only ours has.
//
//   conformance.ts [--only NAME]... [--json FILE]
//
// NAME is a scenario, or the beginning of several. The C conmon is $CONMON_C, or `conmon` in PATH; ours is $CONMON, or
// the one that was built. The exit status is 1 when a difference has no explanation in test/conformance/explanations.ts,
// or an explanation no difference.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findConmons } from '../test/conformance/conmons.ts';
import { explanations } from '../test/conformance/explanations.ts';
import { closeJournal } from '../test/conformance/journal.ts';
import { findUnused, isFailure, playScenario, type Result } from '../test/conformance/play.ts';
import { formatResult, formatSummary } from '../test/conformance/report.ts';
import { scenarios } from '../test/conformance/scenarios/all.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, json: { type: 'string' } },
  });
  const chosen = scenarios.filter(({ name }) => values.only?.some(each => name.startsWith(each)) ?? true);
  if (chosen.length === 0) throw new Error(`There is no scenario ${values.only?.join(', ')}.`);
  const conmons = findConmons();
  console.log(`C:    ${conmons.theirName} (taken for ${conmons.generation})\nours: ${conmons.ours.path}\n`);
  const results: Result[] = [];
  for (const scenario of chosen) {
    const result = await playScenario(scenario, conmons, explanations);
    console.log(formatResult(result));
    results.push(result);
  }
  await closeJournal();
  console.log(`\n${formatSummary(results)}`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ conmons, results }, undefined, 2)}\n`);
  const unused = values.only ? [] : findUnused(explanations, results, conmons.generation);
  for (const { what, reason, rule } of unused)
    console.log(`An explanation that nothing needs: ${what}: ${reason} (${rule})`);
  return results.some(isFailure) || unused.length > 0 ? 1 : 0;
}
