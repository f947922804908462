// Few numbers for many: what the conmons did in turns, and what is to be said of it.

import type { Each } from './contenders.ts';

/** One thing measured, a value for each run; those at the same index were made one right after the other. */
export interface Sample extends Each<readonly number[]> {
  readonly name: string;
  readonly unit: Unit;
  readonly limit?: Limit;
}

type Unit = 'ms' | 's' | '%' | 'kB' | 'MB' | 'MB/s' | 'faults' | 'switches' | 'threads';

/** What ours may be at most: `plus` over theirs, `times` theirs, or an amount of its own. */
export interface Limit {
  readonly kind: 'plus' | 'times' | 'amount';
  readonly atMost: number;
}

export interface Verdict {
  /** In the limit's terms; without one, ours by theirs. Undefined by a zero. */
  readonly value: number | undefined;
  readonly isMet: boolean | undefined;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The best run: the one that other work on the machine disturbed least. */
export function best({ unit }: Pick<Sample, 'unit'>, values: readonly number[]): number {
  return unit === 'MB/s' ? Math.max(...values) : Math.min(...values);
}

/** Compared pair by pair, as what slows the machine down mostly slows both of a pair; then the median. */
export function judge({ theirs, ours, limit }: Sample): Verdict {
  const value = medianOf(limit?.kind ?? 'times', theirs, ours);
  return { value, isMet: limit && value !== undefined ? value <= limit.atMost : undefined };
}

function medianOf(
  kind: Limit['kind'],
  theirs: readonly number[],
  ours: readonly number[],
): number | undefined {
  if (kind === 'amount') return median(ours);
  if (kind === 'times' && theirs.some(value => value === 0)) return undefined;
  return median(ours.map((own, i) => (kind === 'plus' ? own - theirs[i]! : own / theirs[i]!)));
}
