// What fstat(2) and lstat(2) say of a file. Device and inode are 64 bits wide, and a number of ours holds 53: each is
// kept in two halves, so that two files are never taken for one.

import { S_IFMT } from './constants.ts';

/** The kernel's numbers, as {@link Sys.fstat} fills them in: mode, uid, gid, size in bytes, the lower halves of device
 * and inode, nlink, the upper halves of device and inode. */
export class FileStat extends Float64Array {
  constructor() {
    super(9);
  }

  /** Type and permissions. */
  get mode(): number {
    return this[0]!;
  }

  /** S_IFREG, S_IFIFO, … */
  get type(): number {
    return this.mode & S_IFMT;
  }

  get uid(): number {
    return this[1]!;
  }

  /** In bytes. */
  get size(): number {
    return this[3]!;
  }

  /** Device and inode; no two files have the same while both are there. */
  get identity(): string {
    return `${this[7]!}:${this[4]!}:${this[8]!}:${this[5]!}`;
  }

  /** Whether both are of one file. */
  isSameFile(other: FileStat): boolean {
    return this.identity === other.identity;
  }
}
