// Results -> what people and programs read.

import type { Difference } from './compare.ts';
import type { Result, Verdict } from './play.ts';

const nameColumns = 36;

/** One line a scenario, with the differences and their reasons below it. */
export function formatResult(result: Result): string {
  const { name, verdict, differences, outdated, needs } = result;
  const title = verdict === 'skipped' ? `skipped: needs ${needs}` : verdict;
  const lines = [`${name.padEnd(nameColumns)}${title}`];
  for (const difference of differences) {
    const { explanation, what } = difference;
    if (explanation) lines.push(`    ${what}: ${explanation.reason} (${explanation.rule})`);
    else lines.push(`    ${what}: NO EXPLANATION`, ...formatDifference(difference));
  }
  for (const { what, reason, rule } of outdated)
    lines.push(`    ${what}: no difference any more, but an explanation: ${reason} (${rule})`);
  return lines.join('\n');
}

const verdicts: readonly Verdict[] = ['same', 'different', 'only ours', 'skipped', 'unexplained', 'outdated'];

export function formatSummary(results: readonly Result[]): string {
  const count = (verdict: Verdict) => results.filter(result => result.verdict === verdict).length;
  const counts = verdicts
    .filter(verdict => count(verdict) > 0)
    .map(verdict => `${count(verdict)} ${verdict}`);
  return `${results.length} scenarios: ${counts.join(', ')}`;
}

/** The differing lines, and no more of them than can be read. */
function formatDifference({ theirs, ours }: Difference): string[] {
  const linesMax = 12;
  const side = (mark: string, text: string) => {
    const lines = text === '' ? [] : text.split('\n');
    const shown = lines.slice(0, linesMax).map(line => `      ${mark} ${line}`);
    return lines.length > linesMax ? [...shown, `      ${mark} … ${lines.length} lines`] : shown;
  };
  return [...side('C   ', theirs), ...side('ours', ours)];
}
