// An environment as the kernel has it, /proc/PID/environ: one `NAME=value` after the other, each with a NUL behind it.
// It stays in this form, so that what we start gets the caller's environment byte for byte.

import { concat, hasAt } from './bytes.ts';
import { utf8Bytes, utf8Text } from './text.ts';

/** The value's bytes, of the first variable of that name; undefined if it is not set. */
export function findVariable(environ: Uint8Array, name: string): Uint8Array | undefined {
  const start = utf8Bytes(`${name}=`);
  for (let at = 0; at < environ.length; ) {
    const end = entryEnd(environ, at);
    if (hasAt(environ, at, start)) return environ.subarray(at + start.length, end);
    at = end + 1;
  }
  return undefined;
}

/** The same, decoded as UTF-8. */
export function readVariable(environ: Uint8Array, name: string): string | undefined {
  const value = findVariable(environ, name);
  return value && utf8Text(value);
}

/** The other variables, in their order. */
export function omitVariable(environ: Uint8Array, name: string): Uint8Array {
  const start = utf8Bytes(`${name}=`);
  const others: Uint8Array[] = [];
  for (let at = 0; at < environ.length; ) {
    const next = entryEnd(environ, at) + 1;
    if (!hasAt(environ, at, start)) others.push(environ.subarray(at, next));
    at = next;
  }
  return concat(others);
}

/** The same block, with a NUL behind its last variable as well. */
export function endWithNul(environ: Uint8Array): Uint8Array {
  const { length } = environ;
  return length === 0 || environ[length - 1] === 0 ? environ : concat([environ, nul]);
}

const nul = Uint8Array.of(0);

/** Where the NUL is that ends the entry, or where the block ends. */
function entryEnd(environ: Uint8Array, at: number): number {
  const end = environ.indexOf(0, at);
  return end < 0 ? environ.length : end;
}
