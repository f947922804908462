// A call that a signal may interrupt. Where bytes are moved (relay, clients, logs) the same loop stands inline: each call
// of this makes a function.

import { EINTR } from './errno.ts';

/** Makes the call again as long as a signal interrupts it. Returns what it then returns. */
export function untilDone(call: () => number): number {
  for (;;) {
    const answer = call();
    if (answer !== -EINTR) return answer;
  }
}
