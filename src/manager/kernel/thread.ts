// The thread that waits where Node can't: on pidfds and on SOCK_SEQPACKET sockets. It never returns to Node's event
// loop; requests come over a message port, looked at whenever the wake-up eventfd is written to.

import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EPOLLIN } from '../../sys/constants.ts';
import { ESRCH } from '../../sys/errno.ts';
import { Reactor } from '../../sys/reactor.ts';
import { sys } from '../../sys/real.ts';
import { Connection } from './connection.ts';
import type { KernelReport, KernelRequest, KernelThreadData } from './messages.ts';

const { port, wakeFd }: KernelThreadData = workerData;
const reactor = new Reactor(sys);
const connections = new Map<number, Connection>();
const pidfds = new Map<number, number>();
let running = true;

const wakeCount = new Uint8Array(8);
reactor.watch(wakeFd, EPOLLIN, () => {
  sys.read(wakeFd, wakeCount, 0, wakeCount.length);
  takeRequests();
});
while (running) reactor.turn();
port.close();

function takeRequests(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    take(next.message);
}

function take(request: KernelRequest): void {
  switch (request.op) {
    case 'watch':
      watchProcess(request.key, request.pid);
      return;
    case 'connect':
      connections.set(request.key, new Connection({ sys, reactor, tell, key: request.key }, request));
      return;
    case 'send':
      connections.get(request.key)?.send(request.bytes);
      return;
    case 'finish':
      connections.get(request.key)?.finish();
      return;
    case 'credit':
      connections.get(request.key)?.allow(request.bytes);
      return;
    case 'close':
      connections.get(request.key)?.close();
      connections.delete(request.key);
      forgetProcess(request.key);
      return;
    case 'quit':
      running = false;
  }
}

/** Whoever asked compares the start time once `connected` is reported: from then on the pidfd holds that process. */
function watchProcess(key: number, pid: number): void {
  const pidfd = sys.pidfdOpen(pid);
  if (pidfd === -ESRCH) {
    tell({ report: 'gone', key });
    return;
  }
  if (pidfd < 0) {
    tell({ report: 'failed', key, errno: -pidfd, syscall: 'pidfd_open' });
    return;
  }
  const watched = reactor.tryWatch(pidfd, EPOLLIN, () => {
    forgetProcess(key);
    tell({ report: 'gone', key });
  });
  if (watched < 0) {
    sys.close(pidfd);
    tell({ report: 'failed', key, errno: -watched, syscall: 'epoll_ctl' });
    return;
  }
  pidfds.set(key, pidfd);
  tell({ report: 'connected', key });
}

function forgetProcess(key: number): void {
  const pidfd = pidfds.get(key);
  if (pidfd === undefined) return;
  pidfds.delete(key);
  reactor.forget(pidfd);
  sys.close(pidfd);
}

function tell(report: KernelReport): void {
  port.postMessage(report);
}
