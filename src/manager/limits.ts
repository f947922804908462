// Waiting for something, but not for ever.

import { TimeLimitError } from './errors.ts';
import type { CallOptions } from './types.ts';

/** The outcome of `work`, unless the limit passes or the signal is aborted first. `work` itself goes on: what it
 * still does has to be harmless, or to be stopped by who started it. */
export async function within<T>(work: Promise<T>, limits: CallOptions, what: string): Promise<T> {
  const { timeLimitMs, signal } = limits;
  if (signal?.aborted) {
    work.catch(() => {});
    throw signal.reason;
  }
  if (timeLimitMs === undefined && signal === undefined) return work;
  const { promise: given_up, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal?.reason);
  const timer =
    timeLimitMs === undefined
      ? undefined
      : setTimeout(() => reject(new TimeLimitError(what, timeLimitMs)), timeLimitMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given_up]);
  } finally {
    work.catch(() => {});
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
