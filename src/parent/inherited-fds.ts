// The fds that the caller left open in us: its pipes, those that it preserves for the container, and those that are
// to stay open as long as the container runs (reserved ports).

import { parseSigned, trimStart } from '../sys/bytes.ts';
import { F_SETFD, FD_CLOEXEC } from '../sys/constants.ts';
import { EBADF, errorWords } from '../sys/errno.ts';
import { Refusal } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';

/** The caller's pipes; -1 where it gave none, and where the number is that of stdin, stdout or stderr. */
export interface ParentPipes {
  /** `_OCI_SYNCPIPE` */
  readonly sync: number;
  /** `_OCI_STARTPIPE` */
  readonly start: number;
  /** `_OCI_ATTACHPIPE`, which only matters to an exec with attach. */
  readonly attach: number;
}

/**
 * Finds the caller's pipes by the environment, and keeps them from the runtime. `inherited` are the fds from 3 up
 * that were open when the program started; a number that is not among them is nobody's pipe.
 *
 * Throws a {@link Refusal} for a value that is no number or no open fd, and when an exec with attach has no pipe.
 */
export function findParentPipes(
  sys: Sys,
  variable: (name: string) => Uint8Array | undefined,
  inherited: readonly number[],
  execAttach: boolean,
): ParentPipes {
  const find = (name: string): number => findPipe(sys, name, variable(name), inherited);
  const pipes = {
    sync: find('_OCI_SYNCPIPE'),
    start: find('_OCI_STARTPIPE'),
    attach: execAttach ? find('_OCI_ATTACHPIPE') : -1,
  };
  if (execAttach && pipes.attach < 0) throw new Refusal('--attach specified but _OCI_ATTACHPIPE was not');
  return pipes;
}

/**
 * The inherited fds that are not pipes: sockets of systemd and fds that the container preserves, which the runtime
 * gets at the same numbers, and what the caller only parks here, such as the sockets of reserved ports. The pipes
 * are not among them: each is closed where it has served.
 */
export function listParkedFds(inherited: readonly number[], pipes: ParentPipes): readonly number[] {
  const served = [pipes.sync, pipes.start, pipes.attach];
  return inherited.filter(fd => fd >= fdFirst && !served.includes(fd));
}

/** Closes the parked fds, so that a caller who sees the exit file finds the ports free. An fd that is closed already is
 * no reason for a warning. */
export function closeParkedFds(sys: Sys, parked: readonly number[]): void {
  for (const fd of parked) sys.close(fd);
}

const fdFirst = 3; // after stdin, stdout and stderr
const intMax = 0x7fffffff;

function findPipe(
  sys: Sys,
  name: string,
  value: Uint8Array | undefined,
  inherited: readonly number[],
): number {
  if (value === undefined || value.length === 0) return -1;
  const fd = parseSigned(trimStart(value));
  if (fd === undefined || Math.abs(fd) > intMax) throw new Refusal(`unable to parse ${name}`);
  if (fd >= 0 && fd < fdFirst) return -1; // our own stdio, which is /dev/null by the time there is an answer
  const answer = inherited.includes(fd) ? sys.fcntl(fd, F_SETFD, FD_CLOEXEC) : -EBADF;
  if (answer < 0) throw new Refusal(`unable to make ${name} CLOEXEC: ${errorWords(answer)}`);
  return fd;
}
