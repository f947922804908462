// The socket over which the runtime hands us the master end of the container's terminal.

import {
  EPOLLIN,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  O_NONBLOCK,
  ONLCR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  TCGETS,
  TCSETS,
} from '../sys/constants.ts';
import { EADDRINUSE, EAGAIN, EINTR, errorWords } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import { randomName } from '../sys/random-name.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { untilDone } from '../sys/until-done.ts';

/** The terminal's master end, twice: watching one fd for input and for room at once would wake for either. */
export interface Console {
  /** For the container's input. Non-blocking. */
  readonly inputFd: number;
  /** For the container's output. Non-blocking. */
  readonly outputFd: number;
}

export interface ConsoleSocket {
  /** For the runtime's --console-socket. */
  readonly path: string;
  /** Takes a connection that is there but was not reported yet. */
  poll(): void;
  /** Removes the socket, whether or not the terminal came. */
  close(): void;
}

/** How many random names are tried before "in use" is believed. */
const namesMax = 100;
const randomCharacters = 8;
/** The name of the terminal that comes with the fd: conmon's TAG_BUFFER. It is not used. */
const nameBytesMax = 4096;
/** struct termios of the kernel is 36 bytes on all architectures we build for; c_oflag is its second word. */
const termiosBytes = 64;
const outputFlagsOffset = 4;

/** Listens in `directory` (TMPDIR, by default /tmp); `onConsole` is called once, when the terminal is here. */
export function openConsoleSocket(
  sys: Sys,
  reactor: Reactor,
  directory: string,
  hooks: { onConsole(ends: Console): void },
  warn: (message: string) => void,
): ConsoleSocket {
  const listener = sys.socket(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (listener < 0)
    throw new FatalError('Failed to create console socket', { errno: listener, syscall: 'socket' });
  const path = bindNew(sys, listener, directory);
  const listening = sys.listen(listener, 1);
  if (listening < 0) {
    sys.unlink(path);
    throw new FatalError(`Failed to listen on ${path}`, { errno: listening, syscall: 'listen', path });
  }

  let open = true;
  let connection = -1;
  const close = () => {
    if (!open) return;
    open = false;
    reactor.forget(listener);
    sys.close(listener);
    sys.unlink(path);
    if (connection < 0) return;
    reactor.forget(connection);
    sys.close(connection);
  };
  const receive = () => {
    const fd = receiveFd(sys, connection);
    if (fd === 'later') return;
    close();
    if (fd < 0) warn(`Failed to receive the console's file descriptor over ${path}`);
    else hooks.onConsole(makeConsole(sys, fd, warn));
  };
  const accept = () => {
    connection = sys.accept4(listener, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection === -EAGAIN || connection === -EINTR) return; // not there after all
    if (connection < 0) {
      // Out of fds, or of memory: it would be reported again at once. poll() tries once more.
      warn(`Failed to accept the runtime's connection to ${path}: ${errorWords(connection)}`);
      reactor.rearm(listener, 0);
      return;
    }
    reactor.forget(listener); // one terminal, one connection
    reactor.tryWatch(connection, EPOLLIN, receive); // where the kernel refuses, poll() finds the terminal all the same
  };
  const poll = () => {
    if (open && connection < 0) accept();
    if (open && connection >= 0) receive();
  };
  const watched = reactor.tryWatch(listener, EPOLLIN, accept);
  if (watched >= 0) return { path, poll, close };
  close();
  throw new FatalError(`Failed to watch ${path}`, { errno: watched, syscall: 'epoll_ctl', path });
}

/** Binding is what creates the socket, with no rights for others: nobody can be there before us, or get in. */
function bindNew(sys: Sys, fd: number, directory: string): string {
  const umask = sys.umask(0o077);
  let answer = -EADDRINUSE;
  let path = '';
  for (let i = 0; answer === -EADDRINUSE && i < namesMax; i++) {
    path = `${directory}/conmon-term.${randomName(sys, randomCharacters)}`;
    answer = sys.bind(fd, path);
  }
  sys.umask(umask);
  if (answer < 0)
    throw new FatalError(`Failed to bind console socket ${path}`, { errno: answer, syscall: 'bind', path });
  return path;
}

/** The fd, 'later' if the message is not here yet, or a negative number if it will not come. */
function receiveFd(sys: Sys, connection: number): number | 'later' {
  const fd = new Int32Array(1);
  const got = untilDone(() => sys.recvFd(connection, new Uint8Array(nameBytesMax), fd));
  if (got === -EAGAIN) return 'later';
  return got < 0 ? got : fd[0]!;
}

function makeConsole(sys: Sys, fd: number, warn: (message: string) => void): Console {
  turnNewlinesIntoReturns(sys, fd, warn);
  sys.fcntl(fd, F_SETFL, sys.fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  const outputFd = sys.fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (outputFd < 0)
    throw new FatalError('Failed to dup console file descriptor', { errno: outputFd, syscall: 'fcntl' });
  return { inputFd: fd, outputFd };
}

/** ONLCR, as Kubernetes expects it; runtimes differ. */
function turnNewlinesIntoReturns(sys: Sys, fd: number, warn: (message: string) => void): void {
  const termios = new Uint8Array(termiosBytes);
  if (sys.ioctl(fd, TCGETS, termios) < 0) {
    warn('Failed to get console terminal settings');
    return;
  }
  const view = new DataView(termios.buffer);
  const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  view.setUint32(outputFlagsOffset, view.getUint32(outputFlagsOffset, littleEndian) | ONLCR, littleEndian);
  if (sys.ioctl(fd, TCSETS, termios) < 0) warn('Failed to set console terminal settings');
}
