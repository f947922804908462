// The container's output over scripted calls: what is read, what is left unread, and when a stream ends.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputRelay, readBytesMax, readsPerTurnMax } from '../../src/stdio/relay.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  F_SETPIPE_SZ,
} from '../../src/sys/constants.ts';
import { EAGAIN, EBADF, EINTR, EIO, EPERM } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { turn as turnWithin } from '../fixtures/turn.ts';

const fd = 40;
const epfd = 100;
const start = 8;
const readsPerTurn = readsPerTurnMax;

function open({ isTerminal = false } = {}) {
  const sys = createScriptedSys();
  const reactor = new Reactor(sys);
  const told: string[] = [];
  const got: Buffer[] = [];
  const room = { has: true };
  const sinks = {
    write: (stream: string, buf: Uint8Array, from: number, to: number) => {
      assert.equal(from, start);
      got.push(Buffer.from(buf.subarray(from, to)));
      told.push(`${stream} ${to - from}`);
    },
    pause: (stream: string) => void told.push(`pause ${stream}`),
    end: (stream: string) => void told.push(`end ${stream}`),
    hasRoom: () => room.has,
  };
  const buf = new Uint8Array(start + readBytesMax);
  const relay = new OutputRelay(sys, reactor, { stream: 'stdout', fd, isTerminal }, buf, start, sinks);
  const turn = (events = EPOLLIN) => {
    sys.events(fd, events);
    turnWithin(reactor, 0);
  };
  const watches = () => sys.called('epollCtl').map(([, , op, watched]) => [op, watched]);
  const isOpen = () => !sys.called('close').some(([, closed]) => closed === fd);
  return { sys, reactor, relay, told, room, turn, watches, isOpen, output: () => Buffer.concat(got) };
}

const full = (fill: string) => Buffer.alloc(readBytesMax, fill);

describe('relay', () => {
  it('reads nothing before it is resumed', () => {
    const { sys, reactor } = open();
    sys.arrive(fd, 'x');
    turnWithin(reactor, 0);
    assert.deepEqual(sys.called('read', 'epollCtl'), []);
  });

  it('passes on what comes, and says that there is no more for now', () => {
    const { sys, relay, told, turn, output, isOpen } = open();
    relay.resume();
    sys.arrive(fd, 'hello\n');
    turn();
    assert.equal(output().toString(), 'hello\n');
    assert.deepEqual(told, ['stdout 6', 'pause stdout']);
    assert.ok(isOpen());
  });

  it('of a pipe, a read that was not filled is the last of a turn: it was empty just now', () => {
    const { sys, relay, turn } = open();
    relay.resume();
    sys.arrive(fd, full('a'), 'b', 'c');
    turn();
    assert.equal(sys.called('read').length, 2);
  });

  it('an interrupted read is repeated', () => {
    const { sys, relay, turn, output } = open();
    relay.resume();
    sys.arrive(fd, -EINTR, -EINTR, 'x');
    turn();
    assert.equal(output().toString(), 'x');
  });

  it('nothing there after all is a pause, and no end', () => {
    const { sys, relay, told, turn, isOpen } = open();
    relay.resume();
    sys.arrive(fd, -EAGAIN);
    turn();
    assert.deepEqual(told, ['pause stdout']);
    assert.ok(isOpen());
    assert.deepEqual(sys.called('close'), []);
  });

  it('the end of a pipe is its end: forgotten, closed and told once, in this order', () => {
    const { sys, relay, told, turn, isOpen } = open();
    relay.resume();
    sys.arrive(fd, 0);
    turn(EPOLLHUP);
    assert.equal(isOpen(), false);
    assert.deepEqual(told, ['end stdout']);
    assert.deepEqual(
      sys
        .called('epollCtl', 'close')
        .slice(-2)
        .map(call => call.slice(0, 4)),
      [
        ['epollCtl', epfd, EPOLL_CTL_DEL, fd],
        ['close', fd],
      ],
    );
    relay.resume();
    relay.drain(1000);
    assert.deepEqual(told, ['end stdout']);
    assert.equal(sys.called('close').length, 1);
  });

  it('an error is the end of a pipe too', () => {
    for (const errno of [EIO, EBADF, EPERM]) {
      const { sys, relay, told, turn } = open();
      relay.resume();
      sys.arrive(fd, -errno);
      turn();
      assert.deepEqual(told, ['end stdout']);
      assert.deepEqual(sys.called('close'), [['close', fd]]);
    }
  });

  it('closed twice it is closed once', () => {
    const { sys, relay, told } = open();
    relay.resume();
    relay.close();
    relay.close();
    assert.deepEqual(told, ['end stdout']);
    assert.deepEqual(sys.called('close'), [['close', fd]]);
  });
});

describe('relay of a busy pipe', () => {
  it('reads a few times in a turn, and then lets the others have theirs', () => {
    const { sys, relay, turn, reactor } = open();
    relay.resume();
    sys.arrive(fd, ...Array.from({ length: readsPerTurn + 2 }, () => full('a')));
    let others = 0;
    reactor.watch(50, EPOLLIN, () => {
      others++;
      assert.equal(sys.called('read').length, readsPerTurn);
    });
    sys.events(fd, EPOLLIN).events(50, EPOLLIN);
    turnWithin(reactor, 0);
    assert.equal(others, 1);
    turn();
    assert.equal(sys.called('read').length, readsPerTurn + 3);
  });

  it('stays watched by its level, so that what is left is reported again', () => {
    const { sys, relay, turn, watches } = open();
    relay.resume();
    sys.arrive(fd, ...Array.from({ length: 20 }, () => full('a')));
    turn();
    assert.deepEqual(watches(), [[EPOLL_CTL_ADD, fd]]);
  });

  it('enlarges the pipe once, and only when it has been full', () => {
    const { sys, relay, turn } = open();
    relay.resume();
    sys.arrive(fd, 'little');
    turn();
    assert.deepEqual(sys.called('fcntl'), []);
    sys.arrive(fd, full('a'), full('b'), full('c'));
    turn();
    assert.deepEqual(
      sys.called('fcntl').map(call => call.slice(0, 3)),
      [['fcntl', fd, F_SETPIPE_SZ]],
    );
  });

  it('64 KiB is what a full one holds', () => {
    for (const [bytes, times] of [
      [65_535, 0],
      [65_536, 1],
    ] as const) {
      const { sys, relay, turn } = open();
      relay.resume();
      sys.arrive(fd, Buffer.alloc(bytes));
      turn();
      assert.equal(sys.called('fcntl').length, times, `${bytes} bytes`);
    }
  });

  it('a pipe that may not be enlarged is read as it is', () => {
    const { sys, relay, turn, output } = open();
    relay.resume();
    sys.answer('fcntl', -EPERM).arrive(fd, full('a'), full('b'), 'c');
    turn();
    assert.equal(output().length, 2 * readBytesMax + 1);
    assert.equal(sys.called('fcntl').length, 1);
  });
});

describe('relay without room', () => {
  it('reads nothing and is not watched, until it is resumed', () => {
    const { sys, relay, room, told, turn, watches, output } = open();
    relay.resume();
    room.has = false;
    sys.arrive(fd, 'late');
    turn();
    assert.deepEqual(sys.called('read'), []);
    assert.deepEqual(told, []);
    assert.deepEqual(watches(), [
      [EPOLL_CTL_ADD, fd],
      [EPOLL_CTL_MOD, fd],
    ]);
    room.has = true;
    relay.resume();
    turn();
    assert.equal(output().toString(), 'late');
  });

  it('stops between two reads when the first has filled it', () => {
    const { sys, relay, room, turn } = open();
    relay.resume();
    sys.arrive(fd, full('a'), full('b'));
    sys.answer('read', (_fd, _buf, _offset, length) => {
      room.has = false;
      return length;
    });
    turn();
    assert.equal(sys.called('read').length, 1);
  });

  it('stays registered: to read on the kernel needs no memory, and a hang-up meanwhile reads nothing', () => {
    const { sys, relay, turn, watches, told } = open();
    relay.resume();
    relay.suspend();
    sys.arrive(fd, 'left');
    turn(EPOLLHUP);
    assert.deepEqual(sys.called('read'), []);
    relay.resume();
    assert.deepEqual(
      watches().map(([op]) => op),
      [EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_MOD],
    );
    turn(EPOLLHUP);
    assert.equal(told[0], 'stdout 4');
  });

  it('resumed twice it is watched once, suspended twice left alone once', () => {
    const { relay, watches } = open();
    relay.resume();
    relay.resume();
    relay.suspend();
    relay.suspend();
    assert.equal(watches().length, 2);
  });
});

describe('relay of a terminal', () => {
  it('is watched by its edge: one that nobody has open would be reported without end', () => {
    const { sys, relay } = open({ isTerminal: true });
    relay.resume();
    assert.deepEqual(sys.called('epollCtl'), [
      ['epollCtl', epfd, EPOLL_CTL_ADD, fd, (EPOLLIN | EPOLLET) >>> 0],
    ]);
  });

  it('gives a line at a time: it is read until there is no more', () => {
    const { sys, relay, told, turn, output } = open({ isTerminal: true });
    relay.resume();
    sys.arrive(fd, 'one\r\n', 'two\r\n', 'three', -EAGAIN);
    turn();
    assert.equal(output().toString(), 'one\r\ntwo\r\nthree');
    assert.equal(told.at(-1), 'pause stdout');
    sys.assertDone();
  });

  it('EIO says that nobody has it open, and somebody may again: a pause', () => {
    const { sys, relay, told, turn, output, isOpen } = open({ isTerminal: true });
    relay.resume();
    sys.arrive(fd, -EIO);
    turn(EPOLLHUP);
    assert.deepEqual(told, ['pause stdout']);
    assert.ok(isOpen());
    sys.arrive(fd, 'again', -EAGAIN);
    turn();
    assert.equal(output().toString(), 'again');
  });

  it('left after the reads of a turn it is watched anew, since its edge has passed', () => {
    const { sys, relay, turn, watches } = open({ isTerminal: true });
    relay.resume();
    sys.arrive(fd, ...Array.from({ length: 18 }, () => 'line\r\n'));
    turn();
    assert.equal(sys.called('read').length, readsPerTurn);
    assert.deepEqual(watches(), [
      [EPOLL_CTL_ADD, fd],
      [EPOLL_CTL_MOD, fd],
    ]);
  });

  it('is never enlarged', () => {
    const { sys, relay, turn } = open({ isTerminal: true });
    relay.resume();
    sys.arrive(fd, full('a'), full('b'), -EAGAIN);
    turn();
    assert.deepEqual(sys.called('fcntl'), []);
  });
});

describe('draining', () => {
  it('reads what is there, without asking for room, and ends the stream', () => {
    const { sys, relay, room, told, output, isOpen } = open();
    relay.resume();
    room.has = false;
    sys.arrive(fd, 'a', 'b', -EAGAIN);
    relay.drain(1000);
    assert.equal(output().toString(), 'ab');
    assert.equal(told.at(-1), 'end stdout');
    assert.equal(isOpen(), false);
    assert.deepEqual(sys.called('close'), [['close', fd]]);
  });

  it('is bounded: a process that writes on and on cannot keep it', () => {
    const { sys, relay, isOpen } = open();
    sys.always('read', (_fd, _buf, _offset, length) => {
      assert.ok(sys.called('read').length <= 3, 'it goes on reading');
      return length;
    });
    relay.drain(3 * readBytesMax);
    assert.equal(sys.called('read').length, 3);
    assert.equal(isOpen(), false);
  });

  it('at the end of the pipe closes it once', () => {
    const { sys, relay, told } = open();
    sys.arrive(fd, 'a', 0);
    relay.drain(1000);
    relay.drain(1000);
    assert.deepEqual(told, ['stdout 1', 'end stdout']);
    assert.deepEqual(sys.called('close'), [['close', fd]]);
  });

  it('of a terminal whose last user has gone (EIO) ends as a pipe does', () => {
    const { sys, relay, told, isOpen } = open({ isTerminal: true });
    sys.arrive(fd, 'bye\r\n', -EIO);
    relay.drain(1000);
    assert.deepEqual(told, ['stdout 5', 'end stdout']);
    assert.equal(isOpen(), false);
  });

  it('an interrupted read is repeated', () => {
    const { sys, relay, output } = open();
    sys.arrive(fd, -EINTR, 'a', -EINTR, 'b');
    relay.drain(1000);
    assert.equal(output().toString(), 'ab');
  });
});
