// Every difference from C conmon that is meant to be, and why. One that is not listed here fails the check, and so
// does a line for a difference that is no longer there.

import type { Explanation } from './compare.ts';

export const explanations: readonly Explanation[] = [];
