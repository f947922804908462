// Waiting for something, but not for ever.

import { checkDuration, startTimer } from './durations.ts';
import { ArgumentError, type SlowProgram, TimeLimitError } from './errors.ts';
import type { CallOptions } from './types.ts';

/** The outcome of `work`, unless the limit passes or the signal is aborted first. `work` itself goes on: what it
 * still does has to be harmless, or to be stopped by who started it. `describe` tells of the program that took so long. */
export async function within<T>(
  work: Promise<T>,
  limits: CallOptions,
  what: string,
  describe?: () => SlowProgram,
): Promise<T> {
  const { timeLimitMs = Number.POSITIVE_INFINITY, signal } = limits;
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal?.reason);
  work.catch(() => {}); // it may fail after it was given up
  signal?.throwIfAborted();
  const timer = startTimer(timeLimitMs, () => reject(new TimeLimitError(what, timeLimitMs, describe?.())));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    timer.stop();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Throws {@link ArgumentError} where these are no options, the time limit is no duration or the signal none, else the
 * signal's reason where it is aborted. */
export function checkLimits(limits: CallOptions): void {
  if (typeof limits !== 'object' || limits === null) throw new ArgumentError('the options are no object');
  const { signal } = limits;
  // Not instanceof: a test runner may have classes of its own.
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function')
    throw new ArgumentError('signal: it is no AbortSignal');
  if (limits.timeLimitMs !== undefined) checkDuration('timeLimitMs', limits.timeLimitMs);
  signal?.throwIfAborted();
}
