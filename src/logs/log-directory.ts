// Whether files may be moved about in the log's directory.

import { O_CLOEXEC, O_PATH } from '../sys/constants.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Sys } from '../sys/sys.ts';

const writableByAll = 0o002;
const sticky = 0o1000;
const rootUid = 0;
/** Directories one in the other: more than a path of PATH_MAX (4096) bytes can name. */
const depthMax = 2048;

/**
 * Why somebody else could have a hand in what happens there, if so. `uid` is who new files there belong to, that
 * is to say us. In a sticky directory nobody else can move our log, as long as it is there.
 */
export function whyDirectoryIsUnsafe(
  sys: Sys,
  directoryFd: number,
  uid: number,
  logIsThere: boolean,
): string | undefined {
  const stat = new FileStat();
  if (sys.fstat(directoryFd, stat) < 0) return 'its directory cannot be looked at';
  const { mode } = stat;
  if (mode & writableByAll && !(mode & sticky && logIsThere)) return 'its directory is writable by everyone';
  if (stat.uid !== rootUid && stat.uid !== uid) return `its directory belongs to user ${stat.uid}`;
  return undefined;
}

/** Whether a directory is one of `allowed` or within one. Goes by what directories are, not by how they are named,
 * so that no symbolic link or `..` makes a difference. */
export function isWithin(sys: Sys, directoryFd: number, allowed: readonly string[]): boolean {
  const accepted = new Set(allowed.filter(path => path !== '').map(path => identifyPath(sys, path)));
  let fd = directoryFd;
  let found = false;
  let previous: string | undefined;
  for (let depth = 0; depth < depthMax && fd >= 0; depth++) {
    const current = identify(sys, fd);
    if (current === undefined || current === previous) break; // the root is its own parent
    found = accepted.has(current);
    if (found) break;
    previous = current;
    const parent = sys.openat(fd, '..', O_PATH | O_CLOEXEC, 0);
    if (fd !== directoryFd) sys.close(fd);
    fd = parent;
  }
  if (fd >= 0 && fd !== directoryFd) sys.close(fd);
  return found;
}

function identifyPath(sys: Sys, path: string): string | undefined {
  const fd = sys.open(path, O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const identity = identify(sys, fd);
  sys.close(fd);
  return identity;
}

function identify(sys: Sys, fd: number): string | undefined {
  const stat = new FileStat();
  return sys.fstat(fd, stat) < 0 ? undefined : stat.identity;
}
