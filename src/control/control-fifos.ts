// The fifos `ctl` and `winsz` in the bundle: made before any reply to the caller, read until the monitor ends, and
// left where they are. The bundle may be somebody else's: only a fifo is replaced, and no link is followed.

import {
  EPOLLIN,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  S_IFIFO,
} from '../sys/constants.ts';
import { pathOfEntry, removeStale } from '../sys/directory-entry.ts';
import { EAGAIN, EEXIST, EINTR, errorWords } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { type ControlCommand, ControlLines, parseControlLine, parseWindowSizeLine } from './control-line.ts';

/** What one read takes; lines are short, and more only takes another turn. */
const readBytesMax = 4096;
/** Before the umask. */
const fifoMode = 0o660;

export interface ControlHooks {
  /** 0 to 1000 each. May come before there is a terminal: the last one then applies when there is. */
  onResize(rows: number, columns: number): void;
  onReopenLogs(): void;
}

/** The open fifos. */
export interface ControlFifos {
  /** Stops reading; the fifos stay in the bundle. */
  close(): void;
}

/** Makes both fifos in the directory `bundle` and serves them on `reactor`. Throws a FatalError when they can't be. */
export function openControlFifos(
  sys: Sys,
  reactor: Reactor,
  bundle: string,
  hooks: ControlHooks,
  warn: (message: string) => void,
): ControlFifos {
  const buf = new Uint8Array(readBytesMax);
  const dirfd = sys.open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  if (dirfd < 0) throw new FatalError(`Failed to mkfifo at ${bundle}/ctl`, { errno: dirfd, syscall: 'open' });
  const fds: number[] = [];
  try {
    for (const fifo of fifos) {
      const fd = openFifo(sys, dirfd, bundle, fifo);
      fds.push(fd);
      const lines = new ControlLines(fifo.parse);
      reactor.watch(fd, EPOLLIN, () => serve(fd, lines));
    }
  } catch (error) {
    close();
    throw error;
  } finally {
    sys.close(dirfd);
  }
  return { close };

  function serve(fd: number, lines: ControlLines): void {
    const length = sys.read(fd, buf, 0, buf.length);
    if (length > 0) for (const command of lines.feed(buf, 0, length)) obey(command);
    else if (length !== -EAGAIN && length !== -EINTR) {
      warn(`Failed to read from fd ${fd}: ${errorWords(length)}`);
      reactor.forget(fd);
    }
  }

  function obey(command: ControlCommand): void {
    if (command.command === 'resize') hooks.onResize(command.rows, command.columns);
    else if (command.command === 'reopen-logs') hooks.onReopenLogs();
    else warn(command.reason);
  }

  function close(): void {
    for (const fd of fds.splice(0)) {
      reactor.forget(fd);
      sys.close(fd);
    }
  }
}

interface Fifo {
  readonly name: string;
  readonly about: string;
  readonly parse: (line: Uint8Array) => ControlCommand;
}

const fifos: readonly Fifo[] = [
  { name: 'ctl', about: 'terminal control fifo', parse: parseControlLine },
  { name: 'winsz', about: 'window resize control fifo', parse: parseWindowSizeLine },
];

// Opened for reading and writing, the fifo always has a writer, and so never reports that the last one has gone.
function openFifo(sys: Sys, dirfd: number, bundle: string, { name, about }: Fifo): number {
  makeFifo(sys, dirfd, bundle, name);
  const found = sys.openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (found < 0) throw new FatalError(`Failed to open ${about}`, { errno: found, syscall: 'openat' });
  const stat = new FileStat();
  sys.fstat(found, stat);
  const isFifo = stat.type === S_IFIFO;
  const fd = isFifo ? sys.open(`/proc/self/fd/${found}`, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0) : -EEXIST;
  sys.close(found);
  if (fd < 0) throw new FatalError(`Failed to open ${about}`, { errno: fd, syscall: 'open' });
  return fd;
}

function makeFifo(sys: Sys, dirfd: number, bundle: string, name: string): void {
  let answer = removeStale(sys, dirfd, name, S_IFIFO);
  if (answer >= 0) answer = sys.mkfifo(pathOfEntry(dirfd, name), fifoMode);
  if (answer < 0)
    throw new FatalError(`Failed to mkfifo at ${bundle}/${name}`, { errno: answer, syscall: 'mkfifo' });
}
