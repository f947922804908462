// The kernel by the addon: pidfds and packet sockets are in one epoll instance, and Node's own event loop waits for that.
// There is no thread, so there is none that fails, that has to be told to end, or whose file a bundler has to find.

import { EPOLLIN } from '../../sys/constants.ts';
import { ESRCH } from '../../sys/errno.ts';
import { FatalError } from '../../sys/errors.ts';
import type { NodeLoop } from '../../sys/node-loop.ts';
import { Reactor } from '../../sys/reactor.ts';
import type { Sys } from '../../sys/sys.ts';
import { isRunning, type ProcessIdentity } from '../processes/processes.ts';
import type { AttachReport } from './attach-report.ts';
import { Connection } from './connection.ts';
import type { AttachSocket, Kernel, Watch } from './kernel.ts';
import { pollProcess } from './poll-process.ts';
import { SharedWatches } from './shared-watches.ts';

export class LoopKernel implements Kernel {
  readonly addonMissing = undefined;
  readonly #sys: Sys;
  readonly #loop: NodeLoop;
  readonly #watches = new SharedWatches(process => this.#watchProcess(process));
  #reactor: Reactor | undefined;
  /** Watches and connections: while there are any, the process is kept alive. */
  #usersCount = 0;

  constructor(sys: Sys, loop: NodeLoop) {
    this.#sys = sys;
    this.#loop = loop;
  }

  watchProcess(process: ProcessIdentity): Watch {
    return this.#watches.watch(process);
  }

  connect(directory: string, listener: (report: AttachReport) => void): AttachSocket {
    const reactor = this.#open();
    if (!(reactor instanceof Reactor)) return refuse(reactor, listener);
    const [sys, loop] = [this.#sys, this.#loop];
    const connection = new Connection({ sys, loop, reactor, tell: listener, onClose: this.#use() });
    // Not before the caller has what this returns: a report may make it close the socket.
    queueMicrotask(() => connection.open({ directory, name: 'attach' }));
    return connection;
  }

  /** By pidfd; where the kernel has none left, or no room to watch it, by looking. */
  #watchProcess(process: ProcessIdentity): Watch {
    const reactor = this.#open();
    if (!(reactor instanceof Reactor)) return pollProcess(process);
    const pidfd = this.#loop.own(this.#sys.pidfdOpen(process.pid));
    if (pidfd === -ESRCH) return { gone: Promise.resolve(), stop: () => {} };
    if (pidfd < 0) return pollProcess(process);
    const { promise, resolve } = Promise.withResolvers<void>();
    const release = this.#use();
    let isOpen = true;
    const stop = () => {
      if (!isOpen) return;
      isOpen = false;
      reactor.forget(pidfd);
      this.#loop.close(pidfd);
      release();
    };
    const end = () => {
      stop();
      resolve();
    };
    if (reactor.tryWatch(pidfd, EPOLLIN, end) < 0) {
      stop();
      return pollProcess(process);
    }
    // Held by the pidfd from here on; if it is not the one meant, the one meant is gone.
    if (!isRunning(process)) end();
    return { gone: promise, stop };
  }

  /** What watches, or why there is nothing now. The next call may have more luck. */
  #open(): Reactor | Failure {
    if (this.#reactor) return this.#reactor;
    const opened = openReactor(this.#sys, this.#loop);
    if (opened instanceof Reactor) this.#reactor = opened;
    return opened;
  }

  #use(): () => void {
    this.#usersCount += 1;
    if (this.#usersCount === 1) this.#loop.keepAlive(true);
    return () => {
      this.#usersCount -= 1;
      if (this.#usersCount === 0) this.#loop.keepAlive(false);
    };
  }
}

interface Failure {
  readonly errno: number;
  readonly syscall: string;
}

/** A reactor that Node's loop turns. Where the kernel refuses, nothing is left of it. */
function openReactor(sys: Sys, loop: NodeLoop): Reactor | Failure {
  let reactor: Reactor;
  try {
    reactor = new Reactor(sys);
  } catch (error) {
    if (error instanceof FatalError) return { errno: error.errno, syscall: 'epoll_create1' };
    throw error;
  }
  const owned = loop.own(reactor.fd);
  if (owned < 0) return { errno: owned, syscall: 'epoll_create1' };
  const answer = loop.watch(reactor.fd, () => reactor.turnAtOnce());
  if (answer >= 0) return reactor;
  loop.close(reactor.fd);
  return { errno: answer, syscall: 'uv_poll_init' };
}

/** A socket that fails, and as late as one that was tried. */
function refuse({ errno, syscall }: Failure, listener: (report: AttachReport) => void): AttachSocket {
  let isOpen = true;
  queueMicrotask(() => {
    if (isOpen) listener({ report: 'failed', errno: Math.abs(errno), syscall });
  });
  const nothing = () => {};
  const close = () => {
    isOpen = false;
  };
  return { send: nothing, finish: nothing, allow: nothing, close };
}
