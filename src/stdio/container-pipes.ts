// The pipes that become the container's stdio.

import { F_GETFL, F_SETFL, O_CLOEXEC, O_NONBLOCK } from '../sys/constants.ts';
import { FatalError } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';

/** One pipe: our end, and the container's. */
export interface ContainerPipe {
  readonly ours: number;
  readonly theirs: number;
}

/** A process in the container that opens /dev/stdout anew may run as another user than the one that started it. */
const theirMode = 0o777;

/** A pipe that we read from. Only our end is non-blocking. */
export function openOutputPipe(sys: Sys, name: string): ContainerPipe {
  const [read, write] = openPipe(sys, name);
  return prepare(sys, read, write);
}

/** A pipe that we write to. Only our end is non-blocking. */
export function openInputPipe(sys: Sys, name: string): ContainerPipe {
  const [read, write] = openPipe(sys, name);
  return prepare(sys, write, read);
}

function openPipe(sys: Sys, name: string): [read: number, write: number] {
  const fds = new Int32Array(2);
  const answer = sys.pipe2(fds, O_CLOEXEC);
  if (answer < 0) throw new FatalError(`Failed to create ${name} pipe`, { errno: answer, syscall: 'pipe2' });
  return [fds[0]!, fds[1]!];
}

function prepare(sys: Sys, ours: number, theirs: number): ContainerPipe {
  sys.fcntl(ours, F_SETFL, sys.fcntl(ours, F_GETFL, 0) | O_NONBLOCK);
  sys.fchmod(theirs, theirMode); // refused on some file systems for pipes: then they have to do without
  return { ours, theirs };
}
