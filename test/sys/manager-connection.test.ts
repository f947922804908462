// A client's connection to a monitor's attach socket over scripted calls: what the kernel refuses ends it, and nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../src/manager/kernel/connection.ts';
import { attachWindowBytes, type KernelReport } from '../../src/manager/kernel/messages.ts';
import { EPOLLHUP, EPOLLIN } from '../../src/sys/constants.ts';
import { EAGAIN, ENOSPC } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

/** Scripted fds are counted from 100: the reactor's epoll, the directory, the socket. */
const socketFd = 102;
const refused = { report: 'failed', key: 1, errno: ENOSPC, syscall: 'epoll_ctl' };

function connect(sys: ScriptedSys) {
  const reactor = new Reactor(sys);
  const reports: KernelReport[] = [];
  const context = { sys, reactor, tell: (report: KernelReport) => reports.push(report), key: 1 };
  const connection = new Connection(context, { directory: '/bundle', name: 'attach' });
  const closed = () => sys.called('close').some(([, fd]) => fd === socketFd);
  return { reactor, reports, connection, closed };
}

test('manager connection: one that the kernel does not watch has failed, and is closed', () => {
  const { reports, closed } = connect(createScriptedSys().answer('epollCtl', -ENOSPC));
  assert.deepEqual(reports, [refused]);
  assert.ok(closed());
});

test('manager connection: one that the kernel does not watch again when its reader has room has failed', () => {
  const sys = createScriptedSys();
  const { reactor, reports, connection, closed } = connect(sys);
  const packet = new Uint8Array(8193);
  const packets = Array.from({ length: attachWindowBytes / 8192 }, () => packet);
  sys.arrive(socketFd, ...packets, -EAGAIN).events(socketFd, EPOLLIN);
  turn(reactor, 0);
  sys.events(socketFd, EPOLLHUP);
  turn(reactor, 0);
  sys.answer('epollCtl', -ENOSPC);
  connection.allow(8192);
  assert.deepEqual(reports.at(-1), refused);
  assert.ok(closed());
});
