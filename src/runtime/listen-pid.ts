// LISTEN_PID names the process that LISTEN_FDS are meant for (sd_listen_fds(3)). When that is the monitor, or the
// caller says so, it becomes the runtime, which hands the fds on to the container.

import { concat, parseSigned, trimStart } from '../sys/bytes.ts';
import { findVariable, omitVariable } from '../sys/environ.ts';
import { FatalError } from '../sys/errors.ts';
import { utf8Bytes, utf8Text } from '../sys/text.ts';

const name = 'LISTEN_PID';
/** How much of a bad value a message shows, as conmon does. */
const shownBytesMax = 10;
/** Room for the digits of any pid, as SpawnPlan.listenPid has it. */
const spareBytes = 10;

/** Whether the runtime is to find its own pid in LISTEN_PID. Throws a FatalError for a value that is no pid. */
export function replacesListenPid(environ: Uint8Array, ownPid: number, always: boolean): boolean {
  const value = findVariable(environ, name);
  if (value === undefined) return false;
  const pid = parseSigned(trimStart(value));
  if (pid === undefined || pid <= 0)
    throw new FatalError(`Invalid ${name} ${utf8Text(value.subarray(0, shownBytesMax))}`);
  return always || pid === ownPid;
}

/** The variables with LISTEN_PID last, and in place of its value, which only the child can know, spare NULs. */
export function moveListenPidLast(environ: Uint8Array): Uint8Array {
  return concat([omitVariable(environ, name), utf8Bytes(`${name}=`), new Uint8Array(spareBytes)]);
}
