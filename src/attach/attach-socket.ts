// The listening socket in the file system: made in one place, taken away again from that same place. The directory
// may be somebody else's, so nothing is followed or removed there that is not a socket, or a link of this name.

import {
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  S_IFLNK,
  S_IFSOCK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from '../sys/constants.ts';
import { pathOfEntry, removeStale } from '../sys/directory-entry.ts';
import { FatalError } from '../sys/errors.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Sys } from '../sys/sys.ts';
import { type AttachPlace, attachSocketName } from './socket-path.ts';

/** Callers that have connected and are not accepted yet: conmon's figure. */
const backlogClientsMax = 10;
/** How many there can be at a time: the kernel takes one more. */
export const waitingClientsMax = backlogClientsMax + 1;
/** Only the owner, who is the caller, may connect. */
const socketMode = 0o700;

/** A file made here. Its fd, O_PATH, keeps the inode's number from being given to another file. */
interface Made {
  readonly dirfd: number;
  readonly path: string;
  readonly fd: number;
}

export class AttachSocket {
  /** The listener, non-blocking. */
  readonly fd: number;
  readonly #sys: Sys;
  readonly #dirfd: number;
  #made: Made[] = [];

  /** Binds, listens and makes the link, in this order: a caller who finds the link finds a listener behind it.
   * Throws a FatalError when one of them cannot be, and leaves no file behind then. */
  constructor(sys: Sys, place: AttachPlace) {
    this.#sys = sys;
    this.#dirfd = sys.open(place.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (this.#dirfd < 0) fail(`failed to open socket path parent dir ${place.bundle}`, this.#dirfd, 'open');
    const path = `${place.bundle}/${attachSocketName}`;
    this.fd = sys.socket(SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (this.fd < 0) fail(`Failed to create socket ${path}`, this.fd, 'socket');
    try {
      this.#bind(path);
      if (place.link !== undefined) this.#link(place.link.path, place.link.target);
    } catch (error) {
      this.unlink();
      this.close();
      throw error;
    }
  }

  /** Removes the socket and the link from the file system, each only if it still is the one made here. */
  unlink(): void {
    for (const { dirfd, path, fd } of this.#made) {
      if (isSame(this.#sys, dirfd, path, fd)) this.#sys.unlinkat(dirfd, path, 0);
      this.#sys.close(fd);
    }
    this.#made = [];
  }

  /** Closes the listener, and leaves the files as they are. */
  close(): void {
    for (const { fd } of this.#made) this.#sys.close(fd);
    this.#made = [];
    this.#sys.close(this.fd);
    this.#sys.close(this.#dirfd);
  }

  #bind(path: string): void {
    const sys = this.#sys;
    const stale = removeStale(sys, this.#dirfd, attachSocketName, S_IFSOCK);
    if (stale < 0) fail(`Failed to remove existing socket: ${path}`, stale, 'unlinkat');
    // The file that bind(2) makes takes its mode from the socket: it never has a wider one.
    const moded = sys.fchmod(this.fd, socketMode);
    if (moded < 0) fail(`Failed to change socket permissions ${path}`, moded, 'fchmod');
    const bound = sys.bind(this.fd, pathOfEntry(this.#dirfd, attachSocketName));
    if (bound < 0) fail(`Failed to bind to attach socket ${path}`, bound, 'bind');
    this.#remember(this.#dirfd, attachSocketName);
    const listening = sys.listen(this.fd, backlogClientsMax);
    if (listening < 0) fail(`Failed to listen on attach socket: ${path}`, listening, 'listen');
  }

  #link(link: string, target: string): void {
    const stale = removeStale(this.#sys, AT_FDCWD, link, S_IFLNK);
    if (stale < 0) fail(`Failed to remove existing symlink for socket directory ${link}`, stale, 'unlinkat');
    const made = this.#sys.symlink(target, link);
    if (made < 0) fail(`Failed to create symlink for attach socket ${link}`, made, 'symlink');
    this.#remember(AT_FDCWD, link);
  }

  #remember(dirfd: number, path: string): void {
    const fd = this.#sys.openat(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
      this.#sys.unlinkat(dirfd, path, 0); // what was made a moment ago, and could not be told from another one later
      fail(`Failed to open ${path}`, fd, 'openat');
    }
    this.#made.push({ dirfd, path, fd });
  }
}

function isSame(sys: Sys, dirfd: number, path: string, fd: number): boolean {
  const [there, made] = [new FileStat(), new FileStat()];
  return sys.lstatat(dirfd, path, there) === 0 && sys.fstat(fd, made) === 0 && there.isSameFile(made);
}

function fail(message: string, errno: number, syscall: string): never {
  throw new FatalError(message, { errno, syscall });
}
