// struct winsize, as TIOCSWINSZ takes it: rows, columns, and two sizes in pixels that nobody uses.

import { TIOCSWINSZ } from '../sys/constants.ts';
import type { Sys } from '../sys/sys.ts';

/** Sets the size of the terminal at `fd`. Returns 0 or -errno. */
export function setWindowSize(sys: Sys, fd: number, rows: number, columns: number): number {
  const winsize = new Uint16Array([rows, columns, 0, 0]);
  return sys.ioctl(fd, TIOCSWINSZ, new Uint8Array(winsize.buffer));
}
