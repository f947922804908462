// The command line, read by the rules of GLib's GOptionContext, and refused in its words. Pure.

import { utf8Text } from '../sys/text.ts';
import { type Charset, decodeValue, showBytes, showText } from './charset.ts';
import { parseInteger } from './integer.ts';
import { UsageRefusal } from './refusal.ts';
import type { OptionEntry } from './table.ts';
import { CollectedValues, optionsByLong, optionsByShort, type RawValues } from './values.ts';

/** The arguments in the bytes of /proc/PID/cmdline, the program's name first: each ends with a NUL. */
export function splitCmdline(cmdline: Uint8Array): Uint8Array[] {
  const args: Uint8Array[] = [];
  for (let start = 0; start < cmdline.length; ) {
    const nul = cmdline.indexOf(0, start);
    const end = nul < 0 ? cmdline.length : nul;
    args.push(cmdline.subarray(start, end));
    start = end + 1;
  }
  return args;
}

/**
 * Reads the arguments (without the program's name), left to right. Returns 'help' as soon as help is asked for.
 * Arguments that are no options, and all after `--`, are passed over: Podman's `--api-version 1` leaves one.
 *
 * Throws a {@link UsageRefusal} at the first argument that is not understood.
 */
export function parseArguments(args: readonly Uint8Array[], charset: Charset): RawValues | 'help' {
  const parser = new Parser(args, charset);
  while (parser.hasNext()) {
    if (parser.parseNext() === 'help') return 'help';
  }
  return parser.values;
}

const dash = 0x2d;
const equalsSign = 0x3d;

class Parser {
  readonly values = new CollectedValues();
  readonly #args: readonly Uint8Array[];
  readonly #charset: Charset;
  #at = 0;

  constructor(args: readonly Uint8Array[], charset: Charset) {
    this.#args = args;
    this.#charset = charset;
  }

  hasNext(): boolean {
    return this.#at < this.#args.length;
  }

  parseNext(): 'help' | undefined {
    const arg = this.#args[this.#at++]!;
    if (arg.length < 2 || arg[0] !== dash) return undefined;
    if (arg[1] !== dash) return this.#parseLetters(arg);
    if (arg.length > 2) return this.#parseLong(arg);
    this.#at = this.#args.length;
    return undefined;
  }

  #parseLong(arg: Uint8Array): 'help' | undefined {
    const sign = arg.indexOf(equalsSign, 2);
    const isAlone = sign < 0;
    const name = utf8Text(arg.subarray(2, isAlone ? arg.length : sign));
    if (isAlone && (name === 'help' || name === 'help-all')) return 'help';
    const entry = optionsByLong.get(name);
    if (entry === undefined) throw this.#unknown(arg);
    if (entry.kind === 'flag') {
      this.values.setFlag(entry); // GLib takes `--sync=no` for `--sync`
    } else {
      const value = isAlone ? this.#takeNext(`--${name}`) : arg.subarray(sign + 1);
      this.#setValue(entry, value, `--${name}`);
    }
    return undefined;
  }

  /** `-tic ID`: any number of letters, of which one may take the next argument. */
  #parseLetters(arg: Uint8Array): 'help' | undefined {
    let hasValue = false;
    for (let i = 1; i < arg.length; i++) {
      const letter = utf8Text(arg.subarray(i, i + 1));
      if (letter === 'h' || letter === '?') return 'help';
      const entry = optionsByShort.get(letter);
      if (entry === undefined) throw this.#unknown(arg);
      if (entry.kind === 'flag') {
        this.values.setFlag(entry);
      } else {
        if (hasValue) throw this.#refuse(`Error parsing option -${letter}`);
        hasValue = true;
        this.#setValue(entry, this.#takeNext(`-${letter}`), `-${letter}`);
      }
    }
    return undefined;
  }

  #takeNext(option: string): Uint8Array {
    const value = this.#args[this.#at++];
    if (value === undefined) throw this.#refuse(`Missing argument for ${option}`);
    return value;
  }

  #setValue(entry: OptionEntry, bytes: Uint8Array, option: string): void {
    if (entry.kind !== 'int' && entry.kind !== 'int64') {
      this.values.addString(entry, decodeValue(bytes, this.#charset));
      return;
    }
    const answer = parseInteger(bytes, entry.kind);
    const text = showBytes(bytes);
    if ('value' in answer) this.values.setInteger(entry, answer.value);
    else if (answer.error === 'out of range')
      throw this.#refuse(`Integer value “${text}” for ${option} out of range`);
    else throw this.#refuse(`Cannot parse integer value “${text}” for ${option}`);
  }

  #unknown(arg: Uint8Array): UsageRefusal {
    return this.#refuse(`Unknown option ${showBytes(arg)}`);
  }

  #refuse(text: string): UsageRefusal {
    return new UsageRefusal(showText(`option parsing failed: ${text}`, this.#charset));
  }
}
