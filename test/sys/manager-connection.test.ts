// A client's connection to a monitor's attach socket over scripted calls: what the kernel refuses ends it, and nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttachReport, attachWindowBytes } from '../../src/manager/kernel/attach-report.ts';
import { Connection } from '../../src/manager/kernel/connection.ts';
import { EPOLLHUP, EPOLLIN } from '../../src/sys/constants.ts';
import { EAGAIN, ENOSPC } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

/** Scripted fds are counted from 100: the reactor's epoll, the directory, the socket. */
const socketFd = 102;
const refused = { report: 'failed', errno: ENOSPC, syscall: 'epoll_ctl' };

function connect(sys: ScriptedSys, listen: (report: AttachReport) => void = () => {}) {
  const reactor = new Reactor(sys);
  const reports: AttachReport[] = [];
  const tell = (report: AttachReport) => {
    reports.push(report);
    listen(report);
  };
  const owned: number[] = [];
  const loop = {
    own: (fd: number) => {
      owned.push(fd);
      return fd;
    },
    close: (fd: number) => {
      owned.splice(owned.indexOf(fd), 1);
      return sys.close(fd);
    },
  };
  let closes = 0;
  const onClose = () => void closes++;
  const connection = new Connection({ sys, loop, reactor, tell, onClose });
  connection.open({ directory: '/bundle', name: 'attach' });
  /** Closed once, and nothing of it is left. */
  const closed = () => closes === 1 && owned.length === 0;
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

test('manager connection: who closes it within a report hears nothing more, and nothing is asked of its fd', () => {
  const sys = createScriptedSys();
  const packet = new Uint8Array(10);
  const { reactor, reports, connection, closed } = connect(sys, ({ report }) => {
    if (report === 'packet') connection.close();
  });
  sys.arrive(socketFd, packet, packet).events(socketFd, EPOLLIN);
  turn(reactor, 0);
  connection.send(packet);
  connection.finish();
  connection.allow(10);
  assert.deepEqual(
    reports.map(({ report }) => report),
    ['connected', 'packet'],
  );
  assert.ok(closed());
});
