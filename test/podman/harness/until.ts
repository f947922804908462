// Waiting for a state that announces itself nowhere.

import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 20;

/** Looks until `look` returns something other than undefined or false, and returns that; throws after `deadlineMs`. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > end) throw new Error(`not seen within ${deadlineMs} ms: ${what}`);
    await delay(pollMs);
  }
}
