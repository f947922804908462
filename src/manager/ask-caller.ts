// Functions that callers give: what one throws is the caller's mistake, and not a fault of the library.

import { ArgumentError, ManagerError } from './errors.ts';

/** What `answer` returns. Throws {@link ArgumentError} with `what` and the cause where it throws. */
export function askCaller<Answer>(what: string, answer: () => Answer): Answer {
  try {
    return answer();
  } catch (cause) {
    if (cause instanceof ManagerError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(`${what} threw an error: ${words}`, { cause });
  }
}
