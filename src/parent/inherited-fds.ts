// The fds that the caller left open in us: its pipes, those that it preserves for the container, and those that it
// parks here so that they stay open as long as the container runs (reserved ports).

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
  variable: (name: string) => string | undefined,
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

/** How many fds from 3 up are the container's: sockets of systemd (LISTEN_FDS), then those of `--preserve-fds`. */
export function countPreservedFds(listenFds: string | undefined, runtimeOpts: readonly string[]): number {
  let preserved = 0;
  runtimeOpts.forEach((opt, i) => {
    if (opt === '--preserve-fds') preserved = parseCount(runtimeOpts[i + 1]);
    else if (opt.startsWith('--preserve-fds=')) preserved = parseCount(opt.slice('--preserve-fds='.length));
  });
  return parseCount(listenFds) + preserved;
}

/** Those of the inherited fds that the runtime gets at the same number: the first `count` numbers from 3 up, as far
 * as they were open, without the pipes. */
export function listPreservedFds(
  inherited: readonly number[],
  pipes: ParentPipes,
  count: number,
): readonly number[] {
  return inherited.filter(fd => fd >= fdFirst && fd < fdFirst + count && !isPipe(fd, pipes));
}

/** Those of the inherited fds that are closed before the exit file appears, so that a caller who sees it finds the
 * ports free. The pipes are not among them: each is closed where it has served. */
export function listParkedFds(inherited: readonly number[], pipes: ParentPipes): readonly number[] {
  return inherited.filter(fd => fd >= fdFirst && !isPipe(fd, pipes));
}

/** Lets go of the parked fds. That one is closed already is not worth a word. */
export function closeParkedFds(sys: Sys, parked: readonly number[]): void {
  for (const fd of parked) sys.close(fd);
}

const fdFirst = 3; // after stdin, stdout and stderr
const intMax = 0x7fffffff;

function findPipe(sys: Sys, name: string, value: string | undefined, inherited: readonly number[]): number {
  if (value === undefined || value === '') return -1;
  const fd = Number(value);
  if (!/^\s*[+-]?\d+$/.test(value) || Math.abs(fd) > intMax) throw new Refusal(`unable to parse ${name}`);
  if (fd >= 0 && fd < fdFirst) return -1; // our own stdio, which is /dev/null by the time there is an answer
  const answer = inherited.includes(fd) ? sys.fcntl(fd, F_SETFD, FD_CLOEXEC) : -EBADF;
  if (answer < 0) throw new Refusal(`unable to make ${name} CLOEXEC: ${errorWords(answer)}`);
  return fd;
}

function isPipe(fd: number, pipes: ParentPipes): boolean {
  return fd === pipes.sync || fd === pipes.start || fd === pipes.attach;
}

function parseCount(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), intMax) : 0;
}
