// How a message of the monitor looks on stderr and in syslog, which is how C conmon's look: people and programs
// search for them. Pure; what a message says may come from anybody, so no text can make a second line.

import { utf8Bytes } from '../sys/text.ts';
import type { LogLevel } from './level.ts';

/** The moment of a message, as localtime_r(3) gives it. */
export interface LocalTime {
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** What stderr shows: `[conmon:w]: text`. Trace has the letter of debug, as in C conmon. */
export function stderrLine(level: LogLevel, text: string): string {
  return `[conmon:${stderrLetters[level]}]: ${escapeControls(text)}`;
}

/** What stderr shows of a command line that is not understood at all: `conmon: text`. */
export function usageLine(text: string): string {
  return `conmon: ${escapeControls(text)}`;
}

/**
 * The datagram for /dev/log, in the form of RFC 3164 that syslog(3) writes for a program called conmon which did
 * not call openlog(3): facility user, no pid, no host. Priority is err for errors and info for everything else.
 * `who` is the container's ID, with `: ` and the tag behind it where there is one; 20 characters of it are shown.
 */
export function syslogLine(level: LogLevel, who: string, time: LocalTime, text: string): string {
  const priority = facilityUser | (level === 'error' ? severityErr : severityInfo);
  return `<${priority}>${stamp(time)} conmon: ${syslogText(level, who, text)}`;
}

/** What a caller of syslog(3) would give it. */
export function syslogText(level: LogLevel, who: string, text: string): string {
  const shownWho = escapeControls(who.slice(0, whoCharactersMax));
  return `conmon ${shownWho} <${syslogWords[level]}>: ${escapeControls(text)}`;
}

/**
 * Encodes a line and its newline as UTF-8 into `buf`, cutting the line at a whole character (and saying so by three
 * dots) where it does not fit. Returns the number of bytes. `buf` has room for 8 bytes at least.
 */
export function encodeLine(line: string, buf: Uint8Array): number {
  const bytes = utf8Bytes(line);
  let length = bytes.length;
  if (length < buf.length) {
    buf.set(bytes);
  } else {
    length = buf.length - 1 - cutMark.length;
    while (isContinuation(bytes[length]!)) length--;
    buf.set(bytes.subarray(0, length));
    buf.set(cutMark, length);
    length += cutMark.length;
  }
  buf[length++] = newline;
  return length;
}

/** Shows control characters as `\n`, `\t`, `\r` or `\x1b`; a backslash stays what it is. */
export function escapeControls(text: string): string {
  let shown = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isControl(code)) continue;
    shown += text.slice(from, at) + showControl(code);
    from = at + 1;
  }
  return shown + text.slice(from);
}

const cutMark = utf8Bytes('...');
const newline = 0x0a;
const facilityUser = 1 << 3;
const severityErr = 3;
const severityInfo = 6;
/** `%.20s` in C conmon; 20 characters tell containers apart. */
const whoCharactersMax = 20;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const stderrLetters: Readonly<Record<LogLevel, string>> = {
  error: 'e',
  warn: 'w',
  info: 'i',
  debug: 'd',
  trace: 'd',
};
const syslogWords: Readonly<Record<LogLevel, string>> = {
  error: 'error',
  warn: 'nwarn',
  info: 'ninfo',
  debug: 'ndebug',
  trace: 'ntrace',
};

function stamp(time: LocalTime): string {
  const day = String(time.day).padStart(2, ' ');
  return `${months[time.month - 1]} ${day} ${twoDigits(time.hour)}:${twoDigits(time.minute)}:${twoDigits(time.second)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** C0, DEL and C1: the last because terminals take U+009B for the start of an escape sequence. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

function showControl(code: number): string {
  if (code === 0x0a) return '\\n';
  if (code === 0x09) return '\\t';
  if (code === 0x0d) return '\\r';
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** Whether it is a later byte of a character's. */
function isContinuation(byte: number): boolean {
  return byte >> 6 === 0b10;
}
