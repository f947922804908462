// A service manager's end of sd_notify(3): a datagram socket, and what came to it.

import { rmSync } from 'node:fs';
import { MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM } from '../../../src/sys/constants.ts';
import { EAGAIN } from '../../../src/sys/errno.ts';
import { sys } from '../../../src/sys/real.ts';
import { must, until } from '../../fixtures/waiting.ts';

const datagramBytesMax = 4096;

export class NotifySocket {
  readonly path: string;
  /** The lines that came so far, of all datagrams. */
  readonly lines: string[] = [];
  readonly #fd: number;

  constructor(path: string) {
    this.path = path;
    this.#fd = must(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC), 'socket');
    must(sys.bind(this.#fd, path), `binding ${path}`);
  }

  /** Waits until `line` has come. */
  async untilNotified(line: string): Promise<void> {
    await until(`${line} among ${JSON.stringify(this.lines)}`, () => {
      this.receive();
      return this.lines.includes(line);
    });
  }

  /** Takes what has come. */
  receive(): void {
    const datagram = Buffer.alloc(datagramBytesMax);
    for (;;) {
      const length = sys.recv(this.#fd, datagram, 0, datagram.length, MSG_DONTWAIT);
      if (length === -EAGAIN) return;
      const text = datagram.toString('utf8', 0, must(length, 'recv'));
      this.lines.push(...text.split('\n').filter(line => line !== ''));
    }
  }

  close(): void {
    sys.close(this.#fd);
    rmSync(this.path, { force: true });
  }
}
