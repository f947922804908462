// Plays scenarios with both conmons, and judges what was seen.

import { PR_SET_CHILD_SUBREAPER } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { must } from '../fixtures/waiting.ts';
import { compare, type ExplainedDifference, type Explanation, type Observations } from './compare.ts';
import type { Conmon, Conmons, Generation } from './conmons.ts';
import { missing } from './needs.ts';
import { isKnownTo, type Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

export type Verdict = 'same' | 'different' | 'only ours' | 'unexplained' | 'outdated' | 'skipped';

export interface Result {
  readonly name: string;
  readonly verdict: Verdict;
  readonly differences: readonly ExplainedDifference[];
  /** Explanations of differences that are no longer there. */
  readonly outdated: readonly Explanation[];
  /** For a scenario that was skipped: what is missing, to complete "needs …". */
  readonly needs?: string;
  readonly ms: number;
}

/** What a scenario's own end is noted as. */
const endOfScenario = 'scenario';

export async function playScenario(
  scenario: Scenario,
  conmons: Conmons,
  explanations: readonly Explanation[],
): Promise<Result> {
  const { name } = scenario;
  const before = performance.now();
  const needs = await missing(scenario.needs);
  const result = (verdict: Verdict, more: Partial<Result> = {}): Result => ({
    name,
    verdict,
    differences: [],
    outdated: [],
    ms: Math.round(performance.now() - before),
    ...more,
  });
  if (needs !== undefined) return result('skipped', { needs });
  const isOurs = !isKnownTo(conmons.generation, scenario);
  const ours = await observe(scenario, conmons.ours);
  if (isOurs) {
    const end = ours.get(endOfScenario)!;
    if (end === 'to its end') return result('only ours');
    const failure = { what: endOfScenario, theirs: '(not played)', ours: end, explanation: undefined };
    return result('unexplained', { differences: [failure] });
  }
  const theirs = await observe(scenario, conmons.theirs);
  const mine = explanations.filter(
    explanation =>
      (explanation.scenarios === 'any' || explanation.scenarios.includes(name)) &&
      isFor(explanation, conmons.generation),
  );
  const { differences, outdated } = compare(theirs, ours, mine);
  const verdict = differences.some(({ explanation }) => explanation === undefined)
    ? 'unexplained'
    : outdated.length > 0
      ? 'outdated'
      : differences.length > 0
        ? 'different'
        : 'same';
  return result(verdict, { differences, outdated });
}

/** Whether it keeps the check from passing. */
export function isFailure({ verdict }: Result): boolean {
  return verdict === 'unexplained' || verdict === 'outdated';
}

/** The explanations for any scenario that none of the results needed, after all scenarios were played. */
export function findUnused(
  explanations: readonly Explanation[],
  results: readonly Result[],
  generation: Generation,
): Explanation[] {
  const used = new Set(
    results.flatMap(({ differences }) => differences.map(({ explanation }) => explanation)),
  );
  return explanations.filter(
    explanation =>
      explanation.scenarios === 'any' &&
      explanation.sometimes === undefined &&
      isFor(explanation, generation) &&
      !used.has(explanation),
  );
}

function isFor(explanation: Explanation, generation: Generation): boolean {
  return explanation.in?.includes(generation) ?? true;
}

async function observe(scenario: Scenario, conmon: Conmon): Promise<Observations> {
  // Monitors that outlive their launchers are then ours, and so is their exit status.
  must(sys.prctl(PR_SET_CHILD_SUBREAPER, 1), 'prctl');
  const stage = new Stage(conmon);
  let end = 'to its end';
  try {
    await scenario.play(stage);
  } catch (error) {
    end = error instanceof Error ? error.message : String(error);
  }
  stage.note(endOfScenario, end);
  stage.close();
  return stage.observations;
}
