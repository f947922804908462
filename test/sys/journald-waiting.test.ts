import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headRoomBytes } from '../../src/logs/driver.ts';
import { openJournald } from '../../src/logs/journald.ts';
import { patienceMs } from '../../src/logs/room-watch.ts';
import type { StreamName } from '../../src/stream-name.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLOUT } from '../../src/sys/constants.ts';
import { EAGAIN, ECONNREFUSED, ENOMEM } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';
import { decodeEntry } from '../unit/journald/decode-entry.ts';

const options = {
  cid: '0123456789abcdef0123',
  name: undefined,
  logTag: undefined,
  logLabel: [],
  noContainerPartialMessage: false,
};
/** Scripted fds are counted from 100: the socket, the reactor's epoll. */
const socketFd = 100;

/** A driver that waits by the reactor, for a journal that has room for `room` entries. */
function open(room: number) {
  const sys = createScriptedSys();
  const journal = { room };
  sys.always('send', (_fd, _buf, _offset, length) => (journal.room-- > 0 ? length : -EAGAIN));
  const warnings: string[] = [];
  const calls = { onRoom: 0 };
  const driver = openJournald(sys, options, message => warnings.push(message));
  const reactor = new Reactor(sys);
  driver.waitBy(reactor, () => calls.onRoom++);
  return {
    sys,
    driver,
    reactor,
    journal,
    warnings,
    calls,
    print(text: string, stream: StreamName = 'stdout') {
      const buf = Buffer.concat([Buffer.alloc(headRoomBytes), Buffer.from(text)]);
      driver.write(stream, buf, headRoomBytes, buf.length);
      buf.fill('!'); // the buffer is the caller's again
    },
    /** The journal makes room, and the reactor hears of it. */
    makesRoom(entries: number) {
      journal.room = entries;
      sys.events(socketFd, EPOLLOUT);
      turn(reactor, 0);
    },
    messages: () =>
      sys.sent(socketFd).map(datagram => decodeEntry(datagram).find(([name]) => name === 'MESSAGE')?.[1]),
  };
}

test('J14 journald: with a reactor, a full journal is not waited for in write, and hasRoom is false', () => {
  const { sys, driver, print, messages } = open(1);
  assert.equal(driver.hasRoom, true);
  print('a\nb\nc\n');
  assert.equal(driver.hasRoom, false);
  assert.deepEqual(messages(), ['a\n']);
  assert.deepEqual(sys.called('epollWait'), []);
});

test('J14 journald: lines that wait go out as there is room, and then onRoom is called once', () => {
  const { driver, print, messages, makesRoom, calls, warnings } = open(1);
  print('a\nb\nc\nunfin');
  makesRoom(1);
  assert.deepEqual([messages().length, driver.hasRoom, calls.onRoom], [2, false, 0]);
  makesRoom(5);
  assert.deepEqual([messages().length, driver.hasRoom, calls.onRoom], [3, true, 1]);
  print('ished\n');
  assert.deepEqual(messages(), ['a\n', 'b\n', 'c\n', 'unfinished\n']);
  assert.deepEqual(warnings, []);
});

test('J14 journald: the journal’s socket stays registered, and room is waited for only while lines wait', () => {
  const { sys, print, makesRoom, calls } = open(0);
  for (let i = 0; i < 3; i++) {
    print('a\n');
    makesRoom(1);
  }
  assert.equal(calls.onRoom, 3);
  const [on, off] = [EPOLLOUT, EPOLLET];
  assert.deepEqual(
    sys.called('epollCtl').map(([, , op, , events]) => [op, events]),
    [
      [EPOLL_CTL_ADD, on],
      [EPOLL_CTL_MOD, off],
      [EPOLL_CTL_MOD, on],
      [EPOLL_CTL_MOD, off],
      [EPOLL_CTL_MOD, on],
      [EPOLL_CTL_MOD, off],
    ],
  );
});

test('J14 journald: where the kernel refuses to watch the socket, lines that wait go out all the same', () => {
  for (const refusals of [1, 3, 'all'] as const) {
    const { sys, driver, reactor, journal, print, messages, calls, warnings } = open(1);
    if (refusals === 'all') sys.always('epollCtl', -ENOMEM);
    else sys.answer('epollCtl', ...new Array<number>(refusals).fill(-ENOMEM));
    print('a\nb\nc\n');
    for (let turns = 0; !driver.hasRoom && turns < 10; turns++) {
      journal.room = 1;
      if (turns >= 3) sys.events(socketFd, EPOLLOUT);
      turn(reactor, 1000);
    }
    assert.deepEqual(messages(), ['a\n', 'b\n', 'c\n']);
    assert.deepEqual([driver.hasRoom, calls.onRoom, warnings], [true, 1, []]);
    driver.close();
  }
});

test('J14 journald: who is held back goes on, too, when what waits goes out in a write', () => {
  const { driver, journal, print, calls } = open(0);
  print('a\n');
  assert.equal(driver.hasRoom, false);
  journal.room = 9;
  print('b\n', 'stderr'); // that the runtime's stderr is the container's is known at any time
  assert.deepEqual([driver.hasRoom, calls.onRoom], [true, 1]);
});

test('J14 journald: a journal that takes nothing for 10 s loses what waits, and the container goes on', () => {
  const { sys, driver, reactor, print, calls, warnings } = open(0);
  print('a\nb\n');
  reactor.turn(); // sleeps until its deadline
  assert.ok(sys.monotonic[0] >= 1000 + patienceMs / 1000);
  assert.deepEqual([driver.hasRoom, calls.onRoom, warnings.length], [true, 1, 1]);
  print('c\n');
  assert.equal(driver.hasRoom, true);
  driver.close();
  assert.equal(warnings[1], 'Failed to send 3 entries to journald');
});

test('J14 journald: a journal that takes one entry every 6 s is slow, and loses nothing', () => {
  const { sys, driver, reactor, print, makesRoom, messages, warnings } = open(0);
  print('a\nb\nc\nd\n');
  for (let i = 0; i < 4; i++) {
    turn(reactor, 0);
    sys.advance(6000);
    makesRoom(1);
  }
  assert.deepEqual(messages(), ['a\n', 'b\n', 'c\n', 'd\n']);
  assert.deepEqual([driver.hasRoom, warnings.length], [true, 0]);
});

test('J15 journald: a journal that is killed while lines wait for it loses them, and the container goes on', () => {
  const { sys, driver, print, makesRoom, calls, warnings } = open(0);
  print('a\nb\n');
  sys.always('send', -ECONNREFUSED).always('connect', -ECONNREFUSED);
  makesRoom(0);
  assert.deepEqual([driver.hasRoom, calls.onRoom], [true, 1]);
  driver.close();
  assert.equal(warnings.at(-1), 'Failed to send 2 entries to journald');
});

test('J14 journald: at the end of a stream, and in a write all the same, what waits goes first', () => {
  for (const finish of ['write', 'end', 'close'] as const) {
    const { sys, driver, journal, print, messages, warnings } = open(0);
    print('a\nb');
    sys.events(socketFd, EPOLLOUT);
    sys.answer('epollWait', (_epfd, out) => {
      journal.room = 10;
      out.set([socketFd, EPOLLOUT]);
      return 1;
    });
    if (finish === 'write') print('x\n', 'stderr');
    if (finish === 'end') driver.end('stdout');
    if (finish === 'close') driver.close();
    const expected = { write: ['a\n', 'x\n'], end: ['a\n', 'b'], close: ['a\n'] };
    assert.deepEqual(messages(), expected[finish]);
    assert.equal(driver.hasRoom, true);
    assert.deepEqual(warnings, []);
  }
});

test('J14 journald: the end of a stream is waited for in place, also after lines have waited by the reactor', () => {
  const { sys, driver, journal, print, messages, makesRoom, warnings } = open(0);
  print('a\nb');
  makesRoom(1);
  journal.room = 0;
  sys.answer('epollWait', (_epfd, out) => {
    journal.room = 1;
    out.set([socketFd, EPOLLOUT]);
    return 1;
  });
  driver.end('stdout');
  assert.deepEqual(messages(), ['a\n', 'b']);
  driver.close();
  assert.deepEqual(warnings, []);
  assert.deepEqual(sys.called('epollCtl').at(-1)!.slice(2, 4), [EPOLL_CTL_DEL, socketFd]);
});

test('J14 journald: at the end, a journal that stays full is waited for 2 s, once for both streams', () => {
  const { sys, driver, print, warnings } = open(0);
  print('a\nb\nc');
  driver.end('stdout');
  driver.end('stderr');
  driver.close();
  assert.deepEqual(
    sys.called('epollWait').map(([, , timeout]) => timeout),
    [2000],
  );
  assert.equal(warnings.at(-1), 'Failed to send 3 entries to journald');
});
