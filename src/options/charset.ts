// In which character set the caller's arguments are, and the text of one that must be in it.

import { utf8Text, utf8ValidLength } from '../sys/text.ts';
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
  return simplify(readCodeset(locale)) === 'utf8' ? 'utf-8' : 'ascii';
}

/** The text of a string value, every byte of it kept. Throws a {@link UsageRefusal} in GLib's words. */
export function decodeValue(bytes: Uint8Array, charset: Charset): string {
  if (utf8ValidLength(bytes) < bytes.length) throw invalidBytes();
  const text = utf8Text(bytes);
  // Only in ASCII is every character one byte.
  if (charset === 'ascii' && text.length !== bytes.length) throw invalidBytes();
  return text;
}

/** An argument as a message shows it: bytes that are not UTF-8 as `\xff`. */
export function showBytes(bytes: Uint8Array): string {
  let text = '';
  let rest = bytes;
  while (rest.length > 0) {
    const valid = utf8ValidLength(rest);
    text += utf8Text(rest.subarray(0, valid));
    if (valid === rest.length) break;
    text += `\\x${rest[valid]!.toString(16).padStart(2, '0')}`;
    rest = rest.subarray(valid + 1);
  }
  return text;
}

/** A message as the caller's terminal can show it: a question mark for each character that is not ASCII. */
export function showText(text: string, charset: Charset): string {
  if (charset !== 'ascii') return text;
  let shown = '';
  for (const character of text) shown += character <= lastOfAscii ? character : '?';
  return shown;
}

const lastOfAscii = '\x7f';

/** `UTF-8` of `de_DE.UTF-8@euro`; empty where there is none. */
function readCodeset(locale: string): string {
  const dot = locale.indexOf('.');
  const at = locale.indexOf('@');
  if (dot <= 0 || (at >= 0 && at < dot)) return '';
  return locale.slice(dot + 1, at < 0 ? locale.length : at);
}

/** Its letters and digits alone, the letters small: locales spell one and the same in many ways. */
function simplify(codeset: string): string {
  let simple = '';
  for (const character of codeset.toLowerCase()) {
    if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) simple += character;
  }
  return simple;
}

function invalidBytes(): UsageRefusal {
  return new UsageRefusal('option parsing failed: Invalid byte sequence in conversion input');
}
