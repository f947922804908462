// Durations of any length. Node's timers take no more than 24.8 days, and make 1 ms of what is longer.

import { ArgumentError } from './errors.ts';

/** A duration as it is; throws {@link ArgumentError} for what is none: `what` names it. Infinity is one. */
export function checkDuration(what: string, duration: number): number {
  if (typeof duration === 'number' && duration >= 0) return duration;
  throw new ArgumentError(`${what}: ${String(duration)} is no duration: 0 and more is, and Infinity`);
}

/** A timer under way. */
export interface Timer {
  /** Keeps it from firing. */
  stop(): void;
}

/** Calls `onPassed` once, after `delayMs`: at once, but not before the caller has gone on, for 0; never for Infinity.
 * Throws {@link ArgumentError} for what is no duration. */
export function startTimer(delayMs: number, onPassed: () => void): Timer {
  let leftMs = checkDuration('a timer', delayMs);
  let timeout: NodeJS.Timeout | undefined;
  const step = () => {
    const stepMs = Math.min(leftMs, timeoutMaxMs);
    timeout = setTimeout(() => {
      leftMs -= stepMs;
      if (leftMs > 0) step();
      else onPassed();
    }, stepMs);
  };
  if (leftMs !== Number.POSITIVE_INFINITY) step();
  return { stop: () => clearTimeout(timeout) };
}

/** The longest delay that Node's timers take (its TIMEOUT_MAX). */
const timeoutMaxMs = 2 ** 31 - 1;
