// The seam between the library and its callers: what every public call goes through.

import { InternalError, ManagerError, SystemError } from './errors.ts';
import { errorCode } from './files.ts';
import { checkLimits } from './limits.ts';
import type { CallOptions } from './types.ts';

/** The outcome of `work`, which is not begun where the limits can't be right or the signal is aborted. Rejects with
 * nothing but a {@link ManagerError} or the signal's reason. */
export async function call<T>(limits: CallOptions, work: () => T | Promise<T>): Promise<T> {
  try {
    checkLimits(limits);
    return await work();
  } catch (error) {
    throw documentError(error, limits?.signal);
  }
}

/** An error as callers may see it. */
export function documentError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof ManagerError) return error;
  if (signal?.aborted && error === signal.reason) return error;
  // What Node's own functions make of a signal's reason.
  if (error instanceof Error && errorCode(error) === 'ABORT_ERR' && error.cause !== undefined)
    return documentError(error.cause, signal);
  return isSystemError(error)
    ? new SystemError(error.message, nameFacts(error), { cause: error })
    : new InternalError(error);
}

type NodeSystemError = Error & { readonly code: string; readonly syscall: string; readonly path?: string };

function isSystemError(error: unknown): error is NodeSystemError {
  return error instanceof Error && 'errno' in error && 'syscall' in error && errorCode(error) !== undefined;
}

function nameFacts({ code, syscall, path }: NodeSystemError) {
  return { errno: code, syscall, path };
}
