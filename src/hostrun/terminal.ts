// A container's terminal. node-pty makes the pair; the stand-in gets the slave, and whoever listens on the console
// socket the master, as runc does it. node-pty's own reading is not used: the bytes belong to the receiver.

import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../sys/constants.ts';
import { errorWords } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';
import { describeFailure, RuntimeError } from './runtime-error.ts';

export interface Terminal {
  readonly master: number;
  readonly slave: number;
  /** `/dev/pts/N`. */
  readonly path: string;
}

/** openpty(3), as node-pty's addon has it. */
interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

export function openTerminal(sys: Sys, size: { readonly rows: number; readonly columns: number }): Terminal {
  const { master, slave, pty: path } = loadNodePty().open(size.columns, size.rows);
  // Else the container would hold its own master, and never see a hang-up.
  for (const fd of [master, slave]) sys.fcntl(fd, F_SETFD, sys.fcntl(fd, F_GETFD, 0) | FD_CLOEXEC);
  // runc's is blocking, and so is what the container gets; node-pty sets both to non-blocking.
  for (const fd of [master, slave]) sys.fcntl(fd, F_SETFL, sys.fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
  return { master, slave, path };
}

/** Sends the master to the listener at `socketPath`; it is that process's from then on. */
export function sendMaster(sys: Sys, { master }: Terminal, socketPath: string): void {
  const socket = requireAnswer(sys.socket(SOCK_STREAM | SOCK_CLOEXEC), 'socket');
  requireAnswer(sys.connect(socket, socketPath), `dial unix ${socketPath}: connect`);
  const name = Buffer.from('/dev/ptmx');
  requireAnswer(sys.sendFd(socket, name, 0, name.length, master), 'sendmsg');
  closeSync(socket);
  closeSync(master);
}

function requireAnswer(answer: number, what: string): number {
  if (answer < 0) throw new RuntimeError(`unable to start container process: ${what}: ${errorWords(answer)}`);
  return answer;
}

function loadNodePty(): NativePty {
  try {
    return (createRequire(import.meta.url)('node-pty') as { native: NativePty }).native;
  } catch (error) {
    const why = describeFailure(error).split('\n')[0];
    throw new RuntimeError(
      `terminals need the optional package node-pty, which npm builds where there is a C++ compiler: ${why}`,
      { cause: error },
    );
  }
}
