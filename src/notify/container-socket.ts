// The socket that the container sends its sd_notify(3) messages to.

import { O_CLOEXEC, O_PATH, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from '../sys/constants.ts';
import { pathOfEntry } from '../sys/directory-entry.ts';
import { ENOENT } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';

/**
 * Binds `<bundle>/notify/notify.sock`, in place of one that a run before this one left, for everybody to write to.
 * The bundle's path may have any length. Returns the fd; throws a {@link FatalError} when it cannot be.
 */
export function bindContainerSocket(sys: Sys, bundle: string): number {
  const path = `${bundle}/notify/notify.sock`;
  const folderFd = sys.open(`${bundle}/notify`, O_PATH | O_CLOEXEC, 0);
  if (folderFd < 0)
    throw new FatalError(`failed to open socket path parent dir ${bundle}/notify`, {
      errno: folderFd,
      syscall: 'open',
      path: `${bundle}/notify`,
    });
  try {
    const removed = sys.unlinkat(folderFd, 'notify.sock', 0);
    if (removed < 0 && removed !== -ENOENT)
      throw new FatalError(`Failed to remove existing socket: ${path}`, {
        errno: removed,
        syscall: 'unlinkat',
        path,
      });
    return bindIn(sys, folderFd, path);
  } finally {
    sys.close(folderFd);
  }
}

function bindIn(sys: Sys, folderFd: number, path: string): number {
  const fd = sys.socket(SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) throw new FatalError(`Failed to create socket ${path}`, { errno: fd, syscall: 'socket', path });
  // The name gets the mode of the socket less the umask. A chmod by name could be led elsewhere: the container may
  // change this folder.
  const mask = sys.umask(0);
  let answer = sys.fchmod(fd, socketMode);
  if (answer >= 0) answer = sys.bind(fd, pathOfEntry(folderFd, 'notify.sock'));
  sys.umask(mask);
  if (answer >= 0) return fd;
  sys.close(fd);
  throw new FatalError(`Failed to bind to notify socket ${path}`, { errno: answer, syscall: 'bind', path });
}

const socketMode = 0o777;
