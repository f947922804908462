// Names for what is made anew: nobody need be unable to guess them, for whoever makes something under such a name
// finds out whether it is taken.

import { ClockTime } from './clock-time.ts';
import { CLOCK_REALTIME, GRND_NONBLOCK } from './constants.ts';
import type { Sys } from './sys.ts';

/** So many small letters and digits. */
export function randomName(sys: Sys, characters: number): string {
  const bytes = new Uint8Array(characters);
  if (sys.getrandom(bytes, GRND_NONBLOCK) !== characters) fillByClock(sys, bytes);
  let name = '';
  for (const byte of bytes) name += alphabet[byte % alphabet.length];
  return name;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Where the kernel has no random bytes, as early in its life: another sequence for each process and moment. */
function fillByClock(sys: Sys, bytes: Uint8Array): void {
  const clock = new ClockTime();
  sys.clockGettime(CLOCK_REALTIME, clock);
  let state = Math.imul(sys.getpid(), 0x9e3779b1) ^ clock.seconds ^ clock.nanoseconds;
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223; // the constants of Numerical Recipes
    bytes[i] = state >>> 24;
  }
}
