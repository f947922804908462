// How a message of the monitor looks on stderr and in syslog, which is how C conmon's look: people and programs
// search for them. Pure; what a message says may come from anybody, so no text can make a second line.

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
  const shownWho = escapeControls(who.slice(0, whoCharactersMax));
  return `<${priority}>${stamp(time)} conmon: conmon ${shownWho} <${syslogWords[level]}>: ${escapeControls(text)}`;
}

/**
 * Encodes a line and its newline as UTF-8 into `buf`, cutting the line (and saying so by three dots) where it
 * does not fit. Answers the number of bytes. `buf` has room for 8 bytes at least.
 */
export function encodeLine(line: string, buf: Uint8Array): number {
  const whole = encoder.encodeInto(line, buf.subarray(0, buf.length - 1));
  let length = whole.written;
  if (whole.read < line.length) {
    length = encoder.encodeInto(line, buf.subarray(0, buf.length - 1 - cutMark.length)).written;
    for (const char of cutMark) buf[length++] = char.charCodeAt(0);
  }
  buf[length++] = newline;
  return length;
}

/** Shows control characters as `\n`, `\t`, `\r` or `\x1b`; a backslash stays what it is. */
export function escapeControls(text: string): string {
  return text.replace(controls, showControl);
}

const encoder = new TextEncoder();
const cutMark = '...';
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
// C0, DEL and C1: the last because terminals take U+009B for the start of an escape sequence.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

function stamp(time: LocalTime): string {
  const day = String(time.day).padStart(2, ' ');
  return `${months[time.month - 1]} ${day} ${twoDigits(time.hour)}:${twoDigits(time.minute)}:${twoDigits(time.second)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function showControl(control: string): string {
  if (control === '\n') return '\\n';
  if (control === '\t') return '\\t';
  if (control === '\r') return '\\r';
  return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
