// Letting go of the caller: its terminal, its session, its stdio, and the launcher that it waits for.

import { O_CLOEXEC, O_RDWR, O_WRONLY, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG } from '../sys/constants.ts';
import { FatalError } from '../sys/errors.ts';
import { readAll, replaceFile, writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes } from '../sys/text.ts';

/** As g_file_set_contents(3) in C conmon; with conmon's umask the file is 0644. */
const pidFileMode = 0o666;

/** A session of our own, in which the container's process becomes our child even though the runtime starts it. */
export function becomeSubreaper(sys: Sys): void {
  sys.setsid(); // refused to a group's leader, which has a session of its own already
  const answer = sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (answer < 0) throw new FatalError('Failed to set as subreaper', { errno: answer, syscall: 'prctl' });
}

/** The name that callers look for in /proc/PID/comm; an engine calls its main thread something else. */
export function takeName(sys: Sys): void {
  const fd = sys.open('/proc/self/comm', O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return; // without /proc nobody can look, either
  writeAll(sys, fd, utf8Bytes('conmon'));
  sys.close(fd);
}

/** Opens /dev/null, close-on-exec. */
export function openDevNull(sys: Sys): number {
  const fd = sys.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
  if (fd < 0)
    throw new FatalError('Failed to open /dev/null', { errno: fd, syscall: 'open', path: '/dev/null' });
  return fd;
}

/** The caller reads our stdout and stderr to their end: they must not stay open here. */
export function detachStdio(sys: Sys, devNull: number): void {
  for (const fd of [0, 1, 2]) sys.dup3(devNull, fd, 0);
}

/** Writes our pid, without a newline: Podman reads the file with strconv.Atoi. */
export function writeConmonPidfile(sys: Sys, path: string): void {
  const answer = replaceFile(sys, path, utf8Bytes(String(sys.getpid())), pidFileMode);
  if (answer < 0) throw new FatalError(`Failed to write conmon pidfile: ${path}`, { errno: answer, path });
}

/** Lets the launcher, and so the caller, go on. From here on its end is not ours. */
export function giveVerdict(sys: Sys, verdictFd: number): void {
  if (verdictFd < 0) return;
  sys.prctl(PR_SET_PDEATHSIG, 0);
  if (writeAll(sys, verdictFd, new Uint8Array(1)) < 0) throw launcherIsGone();
}

/**
 * Waits for the launcher's end, and closes the socket. As its last act it says that it ends well, so that the caller
 * learns that there is a monitor; one that does not was ended before, and its caller expects no container.
 */
export function awaitLauncher(sys: Sys, verdictFd: number): void {
  if (verdictFd < 0) return;
  const word = readAll(sys, verdictFd, 2);
  sys.close(verdictFd);
  if (typeof word === 'number' || word.length === 0) throw launcherIsGone();
}

function launcherIsGone(): FatalError {
  return new FatalError('The launcher was ended before it knew that the monitor runs');
}
