// Waiting for something, but not for ever.

import { startTimer } from './durations.ts';
import { TimeLimitError } from './errors.ts';
import type { CallOptions } from './types.ts';

/** The outcome of `work`, unless the limit passes or the signal is aborted first. `work` itself goes on: what it
 * still does has to be harmless, or to be stopped by who started it. */
export async function within<T>(work: Promise<T>, limits: CallOptions, what: string): Promise<T> {
  const { timeLimitMs = Number.POSITIVE_INFINITY, signal } = limits;
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal?.reason);
  work.catch(() => {}); // it may fail after it was given up
  signal?.throwIfAborted();
  const timer = startTimer(timeLimitMs, () => reject(new TimeLimitError(what, timeLimitMs)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    timer.stop();
    signal?.removeEventListener('abort', onAbort);
  }
}
