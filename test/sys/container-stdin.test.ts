// The container's stdin over scripted calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerStdin } from '../../src/stdio/container-stdin.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLOUT,
  F_GETFL,
  F_SETFL,
  O_NONBLOCK,
  O_RDWR,
} from '../../src/sys/constants.ts';
import { EAGAIN, EBADF, EINTR, EIO, ENOMEM, ENOSPC, EPIPE } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { type Call, createScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const fd = 30;

function open() {
  const sys = createScriptedSys();
  const reactor = new Reactor(sys);
  const rooms: boolean[] = [];
  const warnings: string[] = [];
  const stdin = new ContainerStdin(
    sys,
    reactor,
    () => rooms.push(true),
    message => warnings.push(message),
  );
  const give = (text: string) => stdin.accept(Buffer.from(`<${text}>`), 1, 1 + text.length);
  const watches = () =>
    sys.called('epollCtl').map(([, , op, , events]) => (op === EPOLL_CTL_DEL ? 'forgotten' : events));
  return { sys, reactor, rooms, warnings, stdin, give, watches };
}

test('container stdin A16: its fd is made non-blocking, other flags stay', () => {
  const { sys, stdin } = open();
  sys.answer('fcntl', O_RDWR);
  stdin.attachTo(fd);
  assert.deepEqual(sys.called('fcntl'), [
    ['fcntl', fd, F_GETFL, 0],
    ['fcntl', fd, F_SETFL, O_RDWR | O_NONBLOCK],
  ]);
});

test('container stdin A16: short and interrupted writes are gone on with, the rest waits for EPOLLOUT', () => {
  const { sys, reactor, stdin, give, watches } = open();
  stdin.attachTo(fd);
  sys.answer('write', 2, -EINTR, 1, -EAGAIN);
  assert.equal(give('abcdef'), true);
  assert.equal(sys.written(fd).toString(), 'abc');
  assert.equal(give('ghi'), true);
  assert.equal(sys.written(fd).toString(), 'abc', 'what comes later does not overtake');
  assert.deepEqual(watches(), [EPOLLOUT]);
  sys.answer('write', 1, -EAGAIN).events(fd, EPOLLOUT);
  turn(reactor, 0);
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(sys.written(fd).toString(), 'abcdefghi');
  assert.deepEqual(watches(), [EPOLLOUT, EPOLLET]);
});

test('container stdin A16: it says when it wants no more, and when it does again', () => {
  const { sys, reactor, rooms, stdin } = open();
  stdin.attachTo(fd);
  sys.always('write', -EAGAIN);
  const data = new Uint8Array(32_768);
  let accepted = 1;
  while (stdin.accept(data, 0, data.length)) accepted++;
  assert.ok(accepted >= 6 && accepted <= 8, `${accepted} times 32 KiB`);
  assert.equal(stdin.accept(data, 0, data.length), false);
  let allowance = 10_000;
  sys.always('write', (_fd, _buf, _offset, length) => {
    if (allowance === 0) return -EAGAIN;
    const written = Math.min(allowance, length);
    allowance -= written;
    return written;
  });
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(rooms.length, 0);
  allowance = 1e9;
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(rooms.length, 1);
  assert.equal(stdin.accept(data, 0, data.length), true);
});

test('container stdin A18: the end closes the fd behind the last byte', () => {
  const { sys, reactor, stdin, give, watches } = open();
  stdin.attachTo(fd);
  sys.answer('write', -EAGAIN);
  give('last');
  stdin.end();
  assert.deepEqual(sys.called('close'), []);
  assert.equal(give('late'), true);
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(sys.written(fd).toString(), 'last');
  assert.deepEqual(sys.called('close'), [['close', fd]]);
  assert.equal(watches().at(-1), 'forgotten');
  stdin.end();
  stdin.close();
  assert.equal(sys.called('close').length, 1);
});

test('container stdin A20: input before there is an fd waits, is bounded, and is written when it comes', () => {
  const { sys, rooms, stdin, give } = open();
  give('early ');
  give('bird');
  while (stdin.accept(new Uint8Array(65_536), 0, 65_536));
  assert.deepEqual(sys.called('write'), []);
  stdin.attachTo(fd);
  assert.match(sys.written(fd).toString(), /^early bird\0+$/);
  assert.equal(rooms.length, 1);
});

test('container stdin A20: an end before there is an fd closes it as soon as it is written', () => {
  const { sys, stdin, give } = open();
  give('x');
  stdin.end();
  stdin.attachTo(fd);
  assert.deepEqual(
    sys.called('write', 'close').map(([name]) => name),
    ['write', 'close'],
  );
});

test('container stdin A20: closed before there is an fd, it closes the one that comes', () => {
  const { sys, stdin } = open();
  stdin.close();
  stdin.attachTo(fd);
  assert.deepEqual(sys.called('close'), [['close', fd]]);
});

test('container stdin A21: a write that fails closes the fd, wants input again, and discards it', () => {
  for (const errno of [EPIPE, EBADF]) {
    const { sys, reactor, rooms, stdin, give } = open();
    stdin.attachTo(fd);
    sys.answer('write', -EAGAIN);
    while (stdin.accept(new Uint8Array(65_536), 0, 65_536));
    sys.answer('write', -errno).events(fd, EPOLLOUT | EPOLLERR);
    turn(reactor, 0);
    assert.deepEqual(sys.called('close'), [['close', fd]]);
    assert.equal(rooms.length, 1);
    assert.equal(give('more'), true);
    assert.deepEqual(sys.written(fd).length, 0);
  }
});

test('container stdin A20: a terminal that nobody has open is tried again, ever more slowly', () => {
  const { sys, reactor, stdin, give, watches } = open();
  stdin.attachTo(fd);
  sys.answer('write', -EIO, -EIO, -EIO);
  give('x');
  const writes = () => sys.called('write').length;
  for (const [ms, count] of [
    [4, 1],
    [1, 2],
    [9, 2],
    [1, 3],
    [19, 3],
    [1, 4],
  ] as const) {
    turn(reactor, ms);
    assert.equal(writes(), count);
  }
  assert.equal(sys.written(fd).toString(), 'x');
  assert.deepEqual(watches(), []);
  sys.answer('write', -EIO);
  give('y');
  turn(reactor, 5);
  assert.equal(sys.written(fd).toString(), 'xy', 'after a success the waits begin anew');
});

test('container stdin A20: a full terminal that has hung up is not polled', () => {
  for (const gone of [EPOLLHUP, EPOLLERR]) {
    const { sys, reactor, stdin, give, watches } = open();
    stdin.attachTo(fd);
    sys.answer('write', -EAGAIN, -EAGAIN).events(fd, gone);
    give('x');
    turn(reactor, 0);
    assert.deepEqual(watches(), [EPOLLOUT, EPOLLET]);
    sys.events(fd, gone); // once more, as it is watched for something else now
    turn(reactor, 0);
    assert.equal(sys.called('write').length, 2);
    turn(reactor, 5);
    assert.equal(sys.written(fd).toString(), 'x');
  }
});

test('container stdin A14: what waits is written in the pieces in which it came, each in one call', () => {
  const { sys, reactor, stdin } = open();
  stdin.attachTo(fd);
  sys.answer('write', -EAGAIN);
  const lengths = [32_768, 32_768, 1, 65_536, 32_768];
  for (const length of lengths) stdin.accept(new Uint8Array(1 + length), 1, 1 + length);
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.deepEqual(
    sys.sent(fd).map(piece => piece.length),
    lengths,
  );
});

test('container stdin A14: of a piece that the pipe takes in part the rest is offered at once, and then whole', () => {
  const { sys, reactor, stdin } = open();
  stdin.attachTo(fd);
  sys.answer('write', 4096, -EAGAIN);
  for (let i = 0; i < 2; i++) stdin.accept(new Uint8Array(32_768), 0, 32_768);
  sys.answer('write', 8192, -EAGAIN).events(fd, EPOLLOUT).events(fd, EPOLLOUT);
  turn(reactor, 0);
  turn(reactor, 0);
  assert.deepEqual(
    sys.sent(fd).map(piece => piece.length),
    [4096, 8192, 20_480, 32_768],
  );
});

test('container stdin A16: input that comes a byte at a time is bounded by the memory that it takes', () => {
  const { sys, stdin } = open();
  stdin.attachTo(fd);
  sys.always('write', -EAGAIN);
  let pieces = 1;
  while (stdin.accept(new Uint8Array(1), 0, 1)) pieces++;
  assert.ok(pieces > 500 && pieces < 2000, `${pieces} pieces`);
});

test('container stdin A16: the bound is 256 KiB with 256 bytes for each piece, and half of it is where input is wanted again', () => {
  const [bound, pieceExtra] = [256 * 1024, 256];
  for (const missing of [0, 1]) {
    const { sys, reactor, rooms, stdin } = open();
    stdin.attachTo(fd);
    sys.always('write', -EAGAIN);
    const half = new Uint8Array(bound / 2 - pieceExtra);
    assert.equal(stdin.accept(half, 0, half.length), true);
    assert.equal(stdin.accept(half, missing, half.length), missing === 1);
    assert.equal(stdin.accept(new Uint8Array(1), 0, 1), false);
    sys.answer('write', half.length, half.length - missing, -EAGAIN).events(fd, EPOLLOUT);
    turn(reactor, 0);
    assert.equal(rooms.length, 1);
  }
  const { sys, reactor, rooms, stdin } = open();
  stdin.attachTo(fd);
  sys.always('write', -EAGAIN);
  for (const length of [bound / 2 - pieceExtra, bound / 2 - pieceExtra + 1, bound / 2 - pieceExtra])
    stdin.accept(new Uint8Array(length), 0, length);
  sys.answer('write', bound / 2 - pieceExtra, -EAGAIN).events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(rooms.length, 0);
  sys.answer('write', bound / 2 - pieceExtra + 1, -EAGAIN).events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(rooms.length, 1, 'exactly the half is left');
});

test('container stdin A16: what has been written does not count, wherever in a buffer it came, short or long', () => {
  const { sys, reactor, rooms, stdin } = open();
  stdin.attachTo(fd);
  const buf = new Uint8Array(256 * 1024);
  for (let i = 0; i < 3000; i++) {
    const [start, end] = i % 100 === 0 ? [100_000, 200_000] : [200_000, 200_001];
    sys.answer('write', -EAGAIN).events(fd, EPOLLOUT);
    assert.equal(stdin.accept(buf, start, end), true);
    turn(reactor, 0);
  }
  assert.equal(rooms.length, 0);
});

test('container stdin A26: an fd that cannot be watched is tried again by the clock, then watched, and loses nothing', () => {
  const { sys, reactor, warnings, stdin, give, watches } = open();
  stdin.attachTo(fd);
  sys.answer('write', -EAGAIN, -EAGAIN, -EAGAIN).answer('epollCtl', -ENOMEM, -ENOSPC);
  give('one');
  give('two');
  assert.deepEqual(warnings, ["Failed to watch the container's stdin: Cannot allocate memory"]);
  turn(reactor, 5);
  turn(reactor, 10);
  assert.deepEqual(watches(), [EPOLLOUT, EPOLLOUT, EPOLLOUT]);
  sys.events(fd, EPOLLOUT);
  turn(reactor, 0);
  assert.equal(sys.written(fd).toString(), 'onetwo');
  assert.equal(warnings.length, 1);
  stdin.end();
  assert.deepEqual(sys.called('close'), [['close', fd]]);
});

test('container stdin A26: whichever call is refused, for want of memory or as it fails, nobody else notices', () => {
  // To change or end a watch takes the kernel nothing that it could lack.
  const isMeant = ([name, , op]: Call) => name !== 'epollCtl' || op === EPOLL_CTL_ADD;
  const live = (errno?: number, at?: number) => {
    const { sys, reactor, stdin, give } = open();
    const perform = sys.perform.bind(sys);
    sys.perform = (name, args) => {
      const isRefused = sys.calls.length === at;
      const answer = perform(name, args);
      return isRefused ? errno! : answer;
    };
    const begin = sys.calls.length;
    give('early');
    stdin.attachTo(fd);
    sys.answer('write', 1, -EAGAIN).events(fd, EPOLLOUT);
    give('one');
    turn(reactor, 0);
    turn(reactor, 5);
    sys.answer('write', -EAGAIN).events(fd, EPOLLOUT | EPOLLHUP);
    give('two');
    turn(reactor, 0);
    for (let i = 0; i < 5; i++) turn(reactor, 1000);
    stdin.end();
    stdin.close();
    return { begin, calls: sys.calls };
  };
  const { begin, calls } = live();
  const meant = [...calls.keys()].filter(at => at >= begin && isMeant(calls[at]!));
  assert.deepEqual(
    new Set(meant.map(at => calls[at]![0])),
    new Set(['fcntl', 'write', 'clockGettime', 'epollWait', 'epollCtl', 'close']),
  );
  for (const at of meant) {
    if (calls[at]![0] === 'epollWait') continue; // the reactor's own
    for (const errno of [ENOMEM, EIO, EPIPE]) {
      const all = live(-errno, at).calls;
      assert.equal(all.filter(([name, of]) => name === 'close' && of === fd).length, 1, `${calls[at]}`);
    }
  }
});

test('container stdin: close cancels what it waited for', () => {
  const { sys, reactor, stdin, give } = open();
  stdin.attachTo(fd);
  sys.answer('write', -EIO);
  give('x');
  stdin.close();
  assert.throws(() => reactor.turn(), /wait for ever/);
});
