// Which lines of the container's sd_notify(3) messages its service manager gets to see. Pure. The service manager
// takes the messages for the monitor's own: MAINPID=, FDSTORE=1 or NOTIFYACCESS= would act on the host.

import { areEqual, hasAt } from '../sys/bytes.ts';
import { utf8Bytes } from '../sys/text.ts';

/**
 * What passes of a datagram: the lines that may, in their order, a newline between them and none at the end. Empty
 * where nothing may. `isCut` says that the datagram was longer than this part of it: then its last line is not
 * whole, and does not pass.
 */
export function filterNotification(datagram: Uint8Array, isCut: boolean): Uint8Array {
  const passed = new Uint8Array(datagram.length);
  let length = 0;
  for (const line of splitLines(datagram, isCut)) {
    if (!mayPass(line)) continue;
    if (length > 0) passed[length++] = newline;
    passed.set(line, length);
    length += line.length;
  }
  return passed.subarray(0, length);
}

const newline = 0x0a;
const carriageReturn = 0x0d;
// The lists are C conmon's (conn_sock.c), after the holes that were there before them: conmon#311, #461, #469.
const passedLines = ['READY=1', 'RELOADING=1', 'STOPPING=1', 'WATCHDOG=1', 'WATCHDOG=trigger'].map(utf8Bytes);
const passedPrefixes = ['STATUS=', 'ERRNO=', 'BUSERROR=', 'MONOTONIC_USEC='].map(utf8Bytes);

/** Lines end in a newline, a carriage return or with the datagram; a NUL ends them all, as it does for systemd. */
function splitLines(datagram: Uint8Array, isCut: boolean): Uint8Array[] {
  const lines: Uint8Array[] = [];
  const nulAt = datagram.indexOf(0);
  const end = nulAt < 0 ? datagram.length : nulAt;
  let start = 0;
  for (let at = 0; at < end; at++) {
    if (datagram[at] !== newline && datagram[at] !== carriageReturn) continue;
    lines.push(datagram.subarray(start, at));
    start = at + 1;
  }
  if (!isCut || nulAt >= 0) lines.push(datagram.subarray(start, end));
  return lines;
}

function mayPass(line: Uint8Array): boolean {
  return (
    passedLines.some(passed => areEqual(line, passed)) ||
    passedPrefixes.some(prefix => hasAt(line, 0, prefix))
  );
}
