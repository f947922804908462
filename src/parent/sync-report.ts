// The line that conmon writes to its caller on the sync pipe, and on the attach pipe. Pure.

import { utf8Bytes } from '../sys/text.ts';

/** What the number means to the caller: by API version 1 `data`; before it, the exit code of an exec or the pid. */
export type ReportKey = 'data' | 'exit_code' | 'pid';

/** Podman reads the line through a buffer of this size, and loses the rest of a larger packet. */
export const reportBytesMax = 4096;

export function chooseReportKey(caller: { readonly apiVersion: number; readonly exec: boolean }): ReportKey {
  if (caller.apiVersion >= 1) return 'data';
  return caller.exec ? 'exit_code' : 'pid';
}

/**
 * The line, newline included: `{"data": 42}` or `{"data": -1, "message": "..."}`, at most 4096 bytes long. The
 * message is bytes as the runtime wrote them; its end is left out where it does not fit. An empty one is none.
 */
export function encodeReport(key: ReportKey, value: number, message?: Uint8Array): Uint8Array {
  const head = `{"${key}": ${value}`;
  if (message === undefined || message.length === 0) return utf8Bytes(`${head}}\n`);
  const line = new Uint8Array(reportBytesMax);
  const beginning = utf8Bytes(`${head}, "message": "`);
  line.set(beginning);
  const end = escapeMessage(message, line.subarray(0, reportBytesMax - tail.length), beginning.length);
  line.set(tail, end);
  return line.subarray(0, end + tail.length);
}

const tail = utf8Bytes('"}\n');

// Copies the message into `line` from `at` on, escaped, as far as whole characters of it fit. Returns the end.
function escapeMessage(message: Uint8Array, line: Uint8Array, at: number): number {
  let end = at;
  for (let i = 0; i < message.length; ) {
    const length = sequenceLength(message, i);
    const escaped = length === 1 ? escapeByte(message[i]!) : message.subarray(i, i + length);
    if (end + escaped.length > line.length) return end;
    line.set(escaped, end);
    end += escaped.length;
    i += length;
  }
  return end;
}

// How many bytes belong together: a whole UTF-8 sequence, or one byte where there is none.
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lead >= 0xf8 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  for (let i = 1; i < length; i++) if ((bytes[at + i] ?? 0) >> 6 !== 0b10) return 1;
  return length;
}

const letters: ReadonlyMap<number, string> = new Map([
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x2f, '/'],
  [0x5c, '\\'],
]);

// As C conmon escapes: `/` too, control characters and DEL by number where JSON has no letter, all else as it is.
function escapeByte(byte: number): Uint8Array {
  const letter = letters.get(byte);
  if (letter) return utf8Bytes(`\\${letter}`);
  if (byte < 0x20 || byte === 0x7f) return utf8Bytes(`\\u00${byte.toString(16).padStart(2, '0')}`);
  return Uint8Array.of(byte);
}
