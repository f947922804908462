// The keys that end an attachment and not the container: found in a stream of input, however it is cut.

import { ArgumentError } from '../errors.ts';

/** Bytes of a sequence such as `ctrl-p,ctrl-q`: keys separated by commas, each one character or `ctrl-` and one of
 * a-z @ [ \ ] ^ _ (Podman's and Docker's notation). Empty: no keys. */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array();
  return Uint8Array.from(text.split(','), key => {
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 0x40;
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new ArgumentError(
      `${JSON.stringify(key)} in the detach keys is neither a character nor ctrl- and a letter`,
    );
  });
}

/** Looks for the sequence in input that comes in pieces. */
export class DetachMatcher {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What of the input so far can be passed on, and whether the sequence is complete. A beginning of the sequence
   * is held back until it is clear that it is none. */
  feed(input: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean } {
    if (this.#keys.length === 0) return { pass: input, detached: false };
    const pass: number[] = [];
    for (const byte of input) {
      while (this.#matched > 0 && this.#keys[this.#matched] !== byte) this.#fallBack(pass);
      if (this.#keys[this.#matched] === byte) this.#matched += 1;
      else pass.push(byte);
      if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }

  /** What is held back at the end of input. */
  rest(): Uint8Array {
    const held = this.#keys.slice(0, this.#matched);
    this.#matched = 0;
    return held;
  }

  /** Shortens what is matched to its longest end that is a beginning of the sequence too. */
  #fallBack(pass: number[]): void {
    const held = this.#keys.subarray(0, this.#matched);
    let length = this.#matched - 1;
    while (length > 0 && !held.subarray(-length).every((byte, index) => byte === this.#keys[index]))
      length -= 1;
    pass.push(...held.subarray(0, this.#matched - length));
    this.#matched = length;
  }
}
