// The second wait on the start pipe: an exec that somebody wants to attach to starts when they have. The first
// wait is the launcher's.

import { EPOLLIN } from '../sys/constants.ts';
import { EAGAIN, EPERM } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { untilDone } from '../sys/until-done.ts';

/** What a caller sends is one byte; more of it is as good. */
const goBytesMax = 8192;

/**
 * Calls `onGo` once, when the caller has written something or closed its end, and closes the fd before that. At
 * once where the fd cannot be waited for: /dev/null or a file, which never block.
 *
 * `onGo` is not called, and a {@link FatalError} thrown from the reactor's turn, when the pipe cannot be read.
 */
export function awaitStart(sys: Sys, reactor: Reactor, fd: number, onGo: () => void): void {
  const buf = new Uint8Array(goBytesMax);
  const readGo = (): void => {
    const got = untilDone(() => sys.read(fd, buf, 0, buf.length));
    if (got === -EAGAIN) return; // the reactor calls again
    reactor.forget(fd);
    sys.close(fd);
    if (got < 0) throw new FatalError('start-pipe read failed', { errno: got, syscall: 'read' });
    onGo();
  };
  const watched = reactor.tryWatch(fd, EPOLLIN, readGo);
  if (watched === -EPERM) readGo();
  else if (watched < 0)
    throw new FatalError('Failed to wait on the start pipe', { errno: watched, syscall: 'epoll_ctl' });
}
