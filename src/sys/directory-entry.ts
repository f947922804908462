// Entries of a directory that is open, which may be somebody else's: no path is walked a second time, and no link followed.

import { EEXIST, ENOENT } from './errno.ts';
import { FileStat } from './file-stat.ts';
import type { Sys } from './sys.ts';

/** The entry's path, for calls that take no directory's fd. However long the directory's own is, this fits into an
 * address. */
export function pathOfEntry(dirfd: number, name: string): string {
  return `/proc/self/fd/${dirfd}/${name}`;
}

/** Removes what an earlier monitor left, if it is of that type (S_IFSOCK, …). Returns 0, also where there is nothing, or
 * -errno: -EEXIST for anything else, which stays. */
export function removeStale(sys: Sys, dirfd: number, path: string, type: number): number {
  const stat = new FileStat();
  let answer = sys.lstatat(dirfd, path, stat);
  if (answer === 0) answer = stat.type === type ? sys.unlinkat(dirfd, path, 0) : -EEXIST;
  return answer === -ENOENT ? 0 : answer;
}
