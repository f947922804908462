// In which character set the caller's arguments are, and the text of one that must be in it.

import { UsageRefusal } from './refusal.ts';

/** What arguments may hold: any UTF-8, or ASCII alone. */
export type Charset = 'utf-8' | 'ascii';

/** The variables of the environment that decide; one that is not set is undefined. */
export interface LocaleVariables {
  readonly CHARSET?: string | undefined;
  readonly LC_ALL?: string | undefined;
  readonly LC_CTYPE?: string | undefined;
  readonly LANG?: string | undefined;
}

/**
 * The character set of the caller's locale. GLib lets CHARSET override it, and of the others the first that is not
 * empty counts. Whether the locale is installed is not looked at: one that is not would be C for GLib. Those with
 * another character set than UTF-8 allow ASCII alone, for an argument is passed on as it is, never converted.
 */
export function readCharset(variables: LocaleVariables): Charset {
  if (variables.CHARSET) return variables.CHARSET.includes('UTF-8') ? 'utf-8' : 'ascii';
  const locale = variables.LC_ALL || variables.LC_CTYPE || variables.LANG || 'C';
  const codeset = /^[^.@]+\.([^@]*)/.exec(locale)?.[1] ?? '';
  return codeset.toLowerCase().replaceAll(/[^a-z0-9]/g, '') === 'utf8' ? 'utf-8' : 'ascii';
}

/** The text of a string value, every byte of it kept. Throws a {@link UsageRefusal} in GLib's words. */
export function decodeValue(bytes: Uint8Array, charset: Charset): string {
  const text = decodeUtf8(bytes);
  // Only in ASCII is every character one byte.
  if (text === undefined || (charset === 'ascii' && text.length !== bytes.length)) throw invalidBytes();
  return text;
}

/** An argument as a message shows it: bytes that are not UTF-8 as `\xff`. */
export function showBytes(bytes: Uint8Array): string {
  let text = '';
  let rest = bytes;
  while (rest.length > 0) {
    const valid = validPrefix(rest);
    text += strictDecoder.decode(rest.subarray(0, valid));
    if (valid === rest.length) break;
    text += `\\x${rest[valid]!.toString(16).padStart(2, '0')}`;
    rest = rest.subarray(valid + 1);
  }
  return text;
}

/** A message as the caller's terminal can show it: a question mark for each character that is not ASCII. */
export function showText(text: string, charset: Charset): string {
  return charset === 'ascii' ? text.replaceAll(/[^\0-\x7f]/gu, '?') : text;
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function invalidBytes(): UsageRefusal {
  return new UsageRefusal('option parsing failed: Invalid byte sequence in conversion input');
}

/** Length of the longest part from the start that is valid UTF-8. */
function validPrefix(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at]!);
    if (length === 0 || (length > 1 && !isValid(bytes.subarray(at, at + length)))) return at;
    at += length;
  }
  return at;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

function isValid(sequence: Uint8Array): boolean {
  return decodeUtf8(sequence) !== undefined;
}
