// Two sets of observations -> their differences, and which of them have a reason. Pure.

import type { Generation } from './conmons.ts';

/** What was seen -> how it looked, in lines. */
export type Observations = ReadonlyMap<string, string>;

/** A place where the two differ. `theirs` and `ours` are lines, without the ones around them that are the same. */
export interface Difference {
  readonly what: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Why one difference is meant to be. It holds for that difference alone: another one at the same place needs its own. */
export interface Explanation {
  /** It must hold in each of them; for `any`, in some. */
  readonly scenarios: readonly string[] | 'any';
  readonly what: string;
  /** How the differing lines look: a text is all of them, a pattern matches somewhere. */
  readonly theirs: string | RegExp;
  readonly ours: string | RegExp;
  readonly reason: string;
  /** The number of the behaviour in docs/behaviour/. */
  readonly rule: string;
  /** The C conmons that differ so; all when not given. */
  readonly in?: readonly Generation[];
  /** Why the difference shows in some runs only. */
  readonly sometimes?: string;
}

export interface ExplainedDifference extends Difference {
  readonly explanation: Explanation | undefined;
}

export interface Comparison {
  readonly differences: readonly ExplainedDifference[];
  /** Explanations of differences that are not there. */
  readonly outdated: readonly Explanation[];
}

export function compare(
  theirs: Observations,
  ours: Observations,
  explanations: readonly Explanation[],
): Comparison {
  const differences = findDifferences(theirs, ours).map(difference => ({
    ...difference,
    explanation: explanations.find(explanation => explains(explanation, difference)),
  }));
  const used = new Set(differences.map(({ explanation }) => explanation));
  return {
    differences,
    outdated: explanations.filter(
      explanation =>
        explanation.scenarios !== 'any' && explanation.sometimes === undefined && !used.has(explanation),
    ),
  };
}

/** What only one of the two has is a difference to nothing. */
export function findDifferences(theirs: Observations, ours: Observations): Difference[] {
  const whats = new Set([...theirs.keys(), ...ours.keys()]);
  return [...whats].flatMap(what =>
    compareLines(theirs.get(what) ?? '(nothing seen)', ours.get(what) ?? '(nothing seen)').map(part => ({
      what,
      ...part,
    })),
  );
}

function explains(explanation: Explanation, { what, theirs, ours }: Difference): boolean {
  return explanation.what === what && fits(explanation.theirs, theirs) && fits(explanation.ours, ours);
}

function fits(pattern: string | RegExp, text: string): boolean {
  return typeof pattern === 'string' ? pattern === text : pattern.test(text);
}

/** The parts that differ, by the longest common subsequence of the lines. */
function compareLines(theirs: string, ours: string): { theirs: string; ours: string }[] {
  if (theirs === ours) return [];
  const [a, b] = [theirs.split('\n'), ours.split('\n')];
  const common = commonLengths(a, b);
  const parts: { theirs: string[]; ours: string[] }[] = [];
  let open: { theirs: string[]; ours: string[] } | undefined;
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      open = undefined;
      i++;
      j++;
      continue;
    }
    if (open === undefined) {
      open = { theirs: [], ours: [] };
      parts.push(open);
    }
    if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!))
      open.theirs.push(a[i++]!);
    else open.ours.push(b[j++]!);
  }
  return parts.map(part => ({ theirs: part.theirs.join('\n'), ours: part.ours.join('\n') }));
}

/** `table[i][j]` is the length of the longest common subsequence of `a` from i and `b` from j on. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i]![j] =
        a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
  return table;
}
