// How the tests of this folder write command lines.

import assert from 'node:assert/strict';
import { acceptOptions, type Host } from '../../../src/options/accept.ts';
import type { Charset } from '../../../src/options/charset.ts';
import type { Options } from '../../../src/options/options.ts';
import { parseArguments } from '../../../src/options/parse.ts';
import type { RawValues } from '../../../src/options/values.ts';
import { Refusal } from '../../../src/sys/errors.ts';

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Arguments as text, or as bytes where they are not UTF-8. */
export type Args = readonly (string | Uint8Array)[];

export function parse(args: Args, charset: Charset = 'utf-8'): RawValues {
  const answer = parseArguments(encode(args), charset);
  assert.ok(answer !== 'help');
  return answer;
}

export function encode(args: Args): Uint8Array[] {
  return args.map(arg => (typeof arg === 'string' ? bytes(arg) : arg));
}

/** A host where every runtime may be executed. */
export const host: Host = { cwd: () => '/here', access: () => 0 };

export function accept(args: Args, on: Host = host): Options {
  return acceptOptions(parse(args), on);
}

/** The refusal that `call` throws. */
export function refusalOf(call: () => unknown): Refusal {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof Refusal, `a refusal, not ${String(thrown)}`);
  return thrown;
}
