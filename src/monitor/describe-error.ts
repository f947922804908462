// How an error that nobody foresaw is told.

import { FatalError, Refusal } from '../sys/errors.ts';

/** Its message; for our own mistakes, where they are as well. */
export function describeError(error: unknown): string {
  if (error instanceof FatalError || error instanceof Refusal) return error.message;
  if (!(error instanceof Error)) return String(error);
  return isOutOfMemory(error) ? 'Out of memory' : describeMistake(error);
}

/** In the executable's words. It is no mistake of ours, so it does not matter where it happened. */
function isOutOfMemory({ name, message }: Error): boolean {
  return name === 'InternalError' && (message === 'out of memory' || message === 'sys: out of memory');
}

/** Name and message once, then the frames. Engines differ: in Node.js the stack has name and message before its
 * frames, in QuickJS it has frames alone, and ends in a newline. */
export function describeMistake({ name, message, stack = '' }: Error): string {
  const what = message === '' ? name : `${name}: ${message}`;
  const before = stack.startsWith(what) ? what.length : 0;
  const frames = stack
    .slice(before)
    .split('\n')
    .filter(line => line !== '');
  return [what, ...frames].join('\n');
}
