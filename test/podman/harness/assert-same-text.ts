// Comparing texts too long to be shown.

import assert from 'node:assert/strict';

/** Compares two long texts, and shows only where they begin to differ. */
export function assertSameText(actual: string, expected: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const excerpt = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40));
  assert.fail(
    `${actual.length} characters in place of ${expected.length} differ from character ${at}: ${excerpt(actual)} in place of ${excerpt(expected)}`,
  );
}
