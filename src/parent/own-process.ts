// What the monitor is to others: its name, its session, its pid file, and the parent of what the runtime leaves.

import { O_CLOEXEC, O_WRONLY, PR_SET_CHILD_SUBREAPER } from '../sys/constants.ts';
import { FatalError } from '../sys/errors.ts';
import { replaceFile, writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes } from '../sys/text.ts';

/** As g_file_set_contents(3) in C conmon; with conmon's umask the file is 0644. */
const pidFileMode = 0o666;

/** The name that callers look for in /proc/PID/comm; an engine calls its main thread something else. */
export function takeName(sys: Sys): void {
  const fd = sys.open('/proc/self/comm', O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return; // without /proc nobody can look, either
  writeAll(sys, fd, utf8Bytes('conmon'));
  sys.close(fd);
}

/** A session of our own, in which the container's process becomes our child even though the runtime starts it. */
export function becomeSubreaper(sys: Sys): void {
  sys.setsid(); // refused to a group's leader, which has a session of its own already
  const answer = sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (answer < 0) throw new FatalError('Failed to set as subreaper', { errno: answer, syscall: 'prctl' });
}

/** Writes our pid, without a newline: Podman reads the file with strconv.Atoi. */
export function writeConmonPidfile(sys: Sys, path: string): void {
  const answer = replaceFile(sys, path, utf8Bytes(String(sys.getpid())), pidFileMode);
  if (answer < 0) throw new FatalError(`Failed to write conmon pidfile: ${path}`, { errno: answer, path });
}
