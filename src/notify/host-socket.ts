// The way to the service manager's socket.

import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_PATH,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../sys/constants.ts';
import { pathOfEntry } from '../sys/directory-entry.ts';
import { FatalError } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes } from '../sys/text.ts';

/** Where the service manager listens. Each message looks it up anew: it may be replaced at any time. */
export class HostSocket {
  readonly #sys: Sys;
  readonly #fd: number;
  /** The folder of a path that is too long for an address; -1 for none. */
  #folderFd = -1;
  readonly #address: string;

  constructor(sys: Sys, path: string) {
    this.#sys = sys;
    this.#fd = sys.socket(SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (this.#fd < 0)
      throw new FatalError('Failed to create notify socket', { errno: this.#fd, syscall: 'socket' });
    this.#address = path.startsWith('@') ? `\0${path.slice(1)}` : this.#shorten(path);
  }

  /** Returns as sendto(2) does. */
  send(message: Uint8Array): number {
    return this.#sys.sendto(this.#fd, message, 0, message.length, MSG_DONTWAIT | MSG_NOSIGNAL, this.#address);
  }

  close(): void {
    this.#sys.close(this.#fd);
    if (this.#folderFd >= 0) this.#sys.close(this.#folderFd);
  }

  #shorten(path: string): string {
    if (utf8Bytes(path).length <= addressBytesMax) return path;
    const slash = path.lastIndexOf('/');
    this.#folderFd = this.#sys.open(path.slice(0, slash) || '/', O_PATH | O_CLOEXEC, 0);
    return this.#folderFd < 0 ? path : pathOfEntry(this.#folderFd, path.slice(slash + 1));
  }
}

/** sizeof(sun_path) less its NUL: unix(7). */
const addressBytesMax = 107;
