// What a check finds.

/** `ok`: as it should be. `advice`: containers run, something could be better. `missing`: none will run. */
export type Verdict = 'ok' | 'advice' | 'missing';

export interface Finding {
  /** What was checked, in a word or two. */
  readonly about: string;
  readonly verdict: Verdict;
  /** What there is. */
  readonly found: string;
  /** What to do about it. */
  readonly todo?: string;
}

export function ok(about: string, found: string): Finding {
  return { about, verdict: 'ok', found };
}

export function advise(about: string, found: string, todo: string): Finding {
  return { about, verdict: 'advice', found, todo };
}

export function missing(about: string, found: string, todo: string): Finding {
  return { about, verdict: 'missing', found, todo };
}
