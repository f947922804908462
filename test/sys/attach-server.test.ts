// The attach server over scripted calls: what the kernel answers rarely.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttachServer, openAttachServer, receiveBytesMax } from '../../src/attach/attach-server.ts';
import {
  AT_FDCWD,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  FIONREAD,
  MSG_DONTWAIT,
  MSG_TRUNC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  S_IFSOCK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SIOCOUTQ,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EADDRINUSE,
  EAGAIN,
  ECONNABORTED,
  ECONNRESET,
  EINTR,
  EINVAL,
  EIO,
  EMFILE,
  EMSGSIZE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EPIPE,
} from '../../src/sys/errno.ts';
import { FatalError } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { type Call, createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const listener = 20;
const input = EPOLLIN | EPOLLRDHUP;

interface Scene {
  readonly sys: ScriptedSys;
  readonly reactor: Reactor;
  readonly server: AttachServer;
  /** The hooks called, and the input given. */
  readonly told: string[];
  readonly warnings: string[];
  /** Answers of the next onInput; then true. */
  readonly takes: boolean[];
  accept(fd: number): void;
  broadcast(text: string): void;
}

/** For what no client sends anything to. */
const idleHooks = {
  receiveBuffer: () => assert.fail(),
  onInput: () => true,
  onInputEnd() {},
  onRoom() {},
};

function open(): Scene {
  const sys = createScriptedSys().always('lstatat', -ENOENT).answer('socket', listener);
  const reactor = new Reactor(sys);
  const [told, warnings, takes]: [string[], string[], boolean[]] = [[], [], []];
  const received = new Uint8Array(receiveBytesMax);
  const hooks = {
    receiveBuffer: () => received,
    onInput: (buf: Uint8Array, start: number, end: number) => {
      told.push(Buffer.from(buf.subarray(start, end)).toString());
      return takes.shift() ?? true;
    },
    onInputEnd: () => void told.push('end'),
    onRoom: () => void told.push('room'),
  };
  const warn = (message: string) => warnings.push(message);
  const server = openAttachServer(sys, reactor, { bundle: '/b' }, hooks, warn);
  return {
    sys,
    reactor,
    server,
    told,
    warnings,
    takes,
    accept: fd => {
      sys.answer('accept4', fd).events(listener, EPOLLIN);
      turn(reactor, 0);
    },
    broadcast: text => server.broadcast('stdout', Buffer.from(`.${text}`), 1, 1 + text.length),
  };
}

function watches(sys: ScriptedSys, fd: number): unknown[] {
  return sys
    .called('epollCtl')
    .filter(call => call[3] === fd)
    .map(([, , op, , events]) => (op === EPOLL_CTL_DEL ? 'forgotten' : events));
}

test('attach socket A4: the mode is set before the socket has a name, the name is there before it listens', () => {
  const { sys } = open();
  const dirfd = sys.called('fchmod', 'bind', 'listen', 'socket');
  assert.deepEqual(
    dirfd.map(call => call.slice(0, 3).map(arg => String(arg).replace(/fd\/\d+/, 'fd/N'))),
    [
      ['socket', String(SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC)],
      ['fchmod', '20', String(0o700)],
      ['bind', '20', '/proc/self/fd/N/attach'],
      ['listen', '20', '10'],
    ],
  );
  const [opened, remembered] = sys.called('open', 'openat');
  assert.deepEqual(opened, ['open', '/b', O_PATH | O_DIRECTORY | O_CLOEXEC, 0]);
  assert.deepEqual(remembered!.slice(2), ['attach', O_PATH | O_NOFOLLOW | O_CLOEXEC, 0]);
});

test('attach socket: each step that fails is a FatalError that says which, and its fds are closed', () => {
  const steps = [
    ['open', -EACCES, /failed to open socket path parent dir \/b: Permission denied/],
    ['socket', -EMFILE, /Failed to create socket \/b\/attach: Too many open files/],
    ['unlinkat', -EACCES, /Failed to remove existing socket: \/b\/attach: Permission denied/],
    ['fchmod', -EINVAL, /Failed to change socket permissions \/b\/attach/],
    ['bind', -EADDRINUSE, /Failed to bind to attach socket \/b\/attach: Address already in use/],
    ['openat', -ENOENT, /Failed to open attach: No such file or directory/],
    ['listen', -EADDRINUSE, /Failed to listen on attach socket: \/b\/attach/],
    ['epollCtl', -ENOMEM, /Failed to watch attach socket: Cannot allocate memory/],
  ] as const;
  for (const [call, answer, message] of steps) {
    const sys = createScriptedSys().answer(call, answer);
    sys
      .always('lstatat', (_dirfd, _path, out) => fillSocket(out))
      .always('fstat', (_fd, out) => fillSocket(out));
    const reactor = new Reactor(sys);
    assert.throws(
      () => openAttachServer(sys, reactor, { bundle: '/b' }, idleHooks, assert.fail),
      (error: FatalError) => error instanceof FatalError && message.test(error.message),
      call,
    );
    const closed = sys.called('close').map(([, fd]) => fd);
    assert.equal(new Set(closed).size, closed.length, `${call}: closed once`);
    if (call !== 'open' && call !== 'socket') assert.ok(closed.length >= 2, call);
    // The one that was there, and the one that was made.
    const isMade = ['openat', 'listen', 'epollCtl'].includes(call);
    const removed = sys.called('unlinkat').length;
    assert.equal(removed, isMade ? 2 : Number(call !== 'open' && call !== 'socket'), call);
  }
});

function fillSocket(out: Float64Array): number {
  out.fill(0);
  out[0] = S_IFSOCK | 0o700;
  return 0;
}

test('attach server A22: with no fd left it warns, does not look at the listener for 250 ms, then accepts', () => {
  const on = open();
  on.sys.answer('accept4', -EMFILE).events(listener, EPOLLIN);
  turn(on.reactor, 0);
  assert.deepEqual(on.warnings, ['Failed to accept client connection on attach socket: Too many open files']);
  assert.deepEqual(watches(on.sys, listener), [EPOLLIN, EPOLLET]);
  on.sys.answer('accept4', 50).events(listener, EPOLLIN);
  turn(on.reactor, 249);
  assert.equal(on.sys.called('accept4').length, 1);
  turn(on.reactor, 1);
  turn(on.reactor, 0);
  assert.deepEqual(watches(on.sys, listener), [EPOLLIN, EPOLLET, EPOLLIN]);
  assert.deepEqual(watches(on.sys, 50), [input]);
});

test('attach server A22: close while accepting rests leaves no timer behind', () => {
  const on = open();
  on.sys.answer('accept4', -EMFILE).events(listener, EPOLLIN);
  turn(on.reactor, 0);
  on.server.close();
  assert.throws(() => on.reactor.turn(), /wait for ever/);
});

test('attach server: an accept that comes to nothing is not worth a warning', () => {
  for (const errno of [EAGAIN, EINTR, ECONNABORTED]) {
    const on = open();
    on.sys.answer('accept4', -errno).events(listener, EPOLLIN);
    turn(on.reactor, 0);
    assert.deepEqual(on.warnings, []);
    assert.deepEqual(watches(on.sys, listener), [EPOLLIN]);
  }
});

test('attach server: a client that cannot be watched is dropped, not the container', () => {
  const on = open();
  on.sys.answer('epollCtl', -ENOSPC);
  on.accept(50);
  assert.match(on.warnings[0]!, /^Dropping a client of the attach socket: .*No space left on device$/);
  assert.deepEqual(on.sys.called('close').at(-1), ['close', 50]);
  on.broadcast('x');
  assert.deepEqual(on.sys.sent(50), []);
});

test('attach server A8: with no client a broadcast only asks whether there is one', () => {
  const on = open();
  const before = on.sys.calls.length;
  on.broadcast('to nobody');
  assert.deepEqual(
    on.sys.calls.slice(before).map(([name]) => name),
    ['accept4'],
  );
});

test('attach server A8: clients that have connected and are not reported yet get the output', () => {
  const on = open();
  on.sys.answer('accept4', 50, -EINTR, -ECONNABORTED, 51, -EAGAIN);
  on.broadcast('x');
  for (const fd of [50, 51]) assert.deepEqual(on.sys.sent(fd), [Buffer.from('\x02x')]);
});

test('attach server A28: callers that connect without a pause hold up nothing: 11 at a time are accepted', () => {
  const on = open();
  const endless = Array.from({ length: 100 }, (_, i) => 50 + i);
  on.sys.answer('accept4', ...endless).events(listener, EPOLLIN);
  on.reactor.turn();
  assert.equal(on.sys.called('accept4').length, 11);
  on.broadcast('x');
  assert.equal(on.sys.called('accept4').length, 22);
});

test('attach server: the first 16 clients’ sockets are asked to hold a whole read', () => {
  const on = open();
  for (let fd = 50; fd < 70; fd++) on.accept(fd);
  assert.deepEqual(
    on.sys.called('setsockopt'),
    Array.from({ length: 16 }, (_, i) => ['setsockopt', 50 + i, SO_SNDBUF, 256 * 1024]),
  );
});

test('attach server A22: whichever call about a client is refused, at most that client is lost', () => {
  // To change or end a watch takes the kernel nothing that it could lack.
  const isMeant = ([name, , op]: Call) =>
    name !== 'epollWait' && (name !== 'epollCtl' || op === EPOLL_CTL_ADD);
  const live = (at = -1, errno = 0) => {
    const on = open();
    const begin = on.sys.calls.length;
    const perform = on.sys.perform.bind(on.sys);
    on.sys.perform = (name, args) => {
      const isRefused = on.sys.calls.length === at;
      const answer = perform(name, args);
      return isRefused ? -errno : answer;
    };
    const settle = () => {
      for (let i = 0; i < 4; i++) turn(on.reactor, 0);
    };
    on.sys.answer('accept4', 50, 51, -EAGAIN).events(listener, EPOLLIN);
    settle();
    on.takes.push(false);
    on.sys.arrive(50, 'input', '', 0).events(50, EPOLLIN);
    settle();
    on.server.resumeInput();
    on.sys.events(50, EPOLLIN | EPOLLRDHUP).events(50, EPOLLIN | EPOLLRDHUP);
    settle();
    on.sys.answer('send', -ENOBUFS, 2, -EAGAIN).answer('sendmmsg', -EAGAIN);
    for (const text of ['x', 'y'.repeat(20_000)]) on.broadcast(text);
    turn(on.reactor, 100);
    on.sys.events(50, EPOLLOUT).events(51, EPOLLOUT);
    settle();
    on.server.letGoOfStuckAfter(10);
    turn(on.reactor, 10);
    on.sys.arrive(50, 0).events(50, EPOLLHUP);
    settle();
    for (let i = 0; i < 3; i++) turn(on.reactor, 1000);
    on.broadcast('last');
    const got = [50, 51].map(fd => on.sys.sent(fd).some(packet => packet.toString() === '\x02last'));
    on.server.unlink();
    on.server.close();
    return { begin, calls: on.sys.calls, got };
  };
  const { begin, calls, got } = live();
  assert.deepEqual(got, [false, true]);
  const meant = [...calls.keys()].filter(at => at >= begin && isMeant(calls[at]!));
  const names = new Set(meant.map(at => calls[at]![0]));
  for (const name of [
    'accept4',
    'setsockopt',
    'epollCtl',
    'recv',
    'ioctl',
    'send',
    'sendmmsg',
    'shutdown',
    'close',
  ])
    assert.ok(names.has(name as Call[0]), name);
  for (const at of meant) for (const errno of [ENOMEM, EIO, EMFILE]) live(at, errno);
});

test('attach server: a send that was interrupted is made again', () => {
  const on = open();
  on.accept(50);
  on.sys.answer('send', -EINTR, -EINTR);
  on.broadcast('x');
  assert.deepEqual(on.sys.sent(50), [Buffer.from('\x02x')]);
  assert.equal(on.server.pending, 0);
});

test('attach server A10: what a client does not take waits for EPOLLOUT, in order, while another gets it at once', () => {
  const on = open();
  on.accept(50);
  on.accept(51);
  on.sys.answer('send', -EAGAIN);
  on.broadcast('one');
  on.broadcast('two');
  assert.deepEqual(on.sys.sent(51), [Buffer.from('\x02one'), Buffer.from('\x02two')]);
  assert.deepEqual(on.sys.sent(50), []);
  assert.ok(on.server.pending > 0);
  assert.deepEqual(watches(on.sys, 50), [input, input | EPOLLOUT]);
  on.sys.answer('send', 4, -EAGAIN).events(50, EPOLLOUT);
  turn(on.reactor, 0);
  assert.ok(on.server.pending > 0);
  on.sys.events(50, EPOLLOUT);
  turn(on.reactor, 0);
  assert.deepEqual(on.sys.sent(50), [Buffer.from('\x02one'), Buffer.from('\x02two')]);
  assert.deepEqual(watches(on.sys, 50), [input, input | EPOLLOUT, input]);
  assert.equal(on.server.pending, 0);
});

test('attach server A10: of several packets at once, those that the socket does not take are queued, in order', () => {
  const on = open();
  on.accept(50);
  const text = ['a', 'b', 'c'].map(letter => letter.repeat(8192)).join('');
  on.sys.answer('sendmmsg', 1, -EAGAIN).answer('send', -EAGAIN).events(50, EPOLLOUT);
  on.broadcast(text);
  turn(on.reactor, 0);
  assert.deepEqual(
    on.sys.sent(50).map(packet => packet.toString('latin1')),
    [`\x02${'b'.repeat(8192)}`, `\x02${'c'.repeat(8192)}`],
  );
});

test('attach server A8: what is sent packet by packet is left as it was, for the next client', () => {
  const on = open();
  on.accept(50);
  on.accept(51);
  on.sys.always('sendmmsg', -EAGAIN);
  const buf = Buffer.from(Array.from({ length: 1 + 2 * 8192 + 10 }, (_, i) => 65 + (i % 60)));
  const before = Buffer.from(buf);
  on.server.broadcast('stdout', buf, 1, buf.length);
  assert.deepEqual(buf, before);
  for (const fd of [50, 51]) {
    const packets = on.sys.sent(fd);
    assert.deepEqual(
      packets.map(packet => [packet[0], packet.length]),
      [
        [2, 8193],
        [2, 8193],
        [2, 11],
      ],
    );
    assert.deepEqual(Buffer.concat(packets.map(packet => packet.subarray(1))), before.subarray(1));
  }
});

test('attach server A23: with no memory for a packet it is tried again after 100 ms', () => {
  for (const errno of [ENOBUFS, ENOMEM]) {
    const on = open();
    on.accept(50);
    on.sys.answer('send', -errno);
    on.broadcast('x');
    assert.deepEqual(watches(on.sys, 50), [input]);
    on.sys.events(50, EPOLLOUT);
    turn(on.reactor, 99);
    assert.deepEqual(on.sys.sent(50), []);
    turn(on.reactor, 1);
    turn(on.reactor, 0);
    assert.deepEqual(on.sys.sent(50), [Buffer.from('\x02x')]);
  }
});

test('attach server A23: close while a packet waits for memory leaves no timer behind', () => {
  const on = open();
  on.accept(50);
  on.sys.answer('send', -ENOBUFS);
  on.broadcast('x');
  on.server.close();
  assert.throws(() => on.reactor.turn(), /wait for ever/);
});

test('attach server A24: memory of the queue is let go a second after its last use, and with the last client at once', () => {
  const on = open();
  on.accept(50);
  const lag = () => {
    on.sys.answer('send', -EAGAIN).events(50, EPOLLOUT);
    on.broadcast('x');
    turn(on.reactor, 0);
    assert.equal(on.server.pending, 0);
  };
  lag();
  turn(on.reactor, 500);
  lag();
  turn(on.reactor, 500);
  assert.equal(on.server.queue.isKeeping, true, 'it was used in this second');
  turn(on.reactor, 1000);
  assert.equal(on.server.queue.isKeeping, false);
  assert.throws(() => on.reactor.turn(), /wait for ever/);
  on.accept(51);
  lag();
  const goes = (fd: number) => {
    on.sys.arrive(fd, 0).events(fd, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
    turn(on.reactor, 0);
  };
  goes(51);
  assert.equal(on.server.queue.isKeeping, true, 'another client is there');
  goes(50);
  assert.equal(on.server.queue.isKeeping, false);
  assert.throws(() => on.reactor.turn(), /wait for ever/);
});

test('attach server A27: once its socket is unlinked nobody is accepted, also who came before: the end needs the fds', () => {
  const on = open();
  on.sys.answer('accept4', -EMFILE).events(listener, EPOLLIN);
  turn(on.reactor, 0);
  on.server.unlink();
  on.sys.answer('accept4', 50);
  turn(on.reactor, 1000);
  on.broadcast('late');
  assert.equal(on.sys.called('accept4').length, 1);
  assert.deepEqual(watches(on.sys, listener), [EPOLLIN, EPOLLET, EPOLLET]);
});

test('attach server A10, A24: a thousand clients that do not read hold no more than one', () => {
  const on = open();
  for (let i = 0; i < 1000; i++) on.accept(1000 + i);
  on.sys.always('send', -EAGAIN).always('sendmmsg', -EAGAIN);
  const output = 'x'.repeat(65_536);
  while (on.server.hasRoom) on.broadcast(output);
  assert.ok(on.server.pending > 700_000 && on.server.pending < 1_100_000, `${on.server.pending} bytes`);
});

test('attach server A10: clients that lag differently all get every packet in order, and room is there when all have', () => {
  const on = open();
  const fds = [50, 51, 52];
  for (const fd of fds) on.accept(fd);
  const got: Record<number, string> = { 50: '', 51: '', 52: '' };
  const room = { 50: 0, 51: 3, 52: 7 } as Record<number, number>;
  on.sys.always('sendmmsg', -EAGAIN).always('send', (fd, buf, offset, length) => {
    if (room[fd] === 0) return -EAGAIN;
    room[fd]!--;
    got[fd] += String.fromCharCode(buf[offset + 1]!);
    return length;
  });
  let sent = '';
  for (let i = 0; on.server.hasRoom; i++) {
    const letters = [0, 1, 2].map(j => String.fromCharCode(97 + ((3 * i + j) % 26)));
    on.broadcast(letters.map(letter => letter.repeat(8192)).join(''));
    sent += letters.join('');
  }
  assert.deepEqual(
    Object.values(got).map(text => text.length),
    [0, 3, 7],
  );
  for (const fd of [52, 50, 51]) {
    assert.deepEqual(on.told, []);
    room[fd] = 1e9;
    on.sys.events(fd, EPOLLOUT);
    turn(on.reactor, 0);
  }
  for (const fd of fds) assert.equal(got[fd], sent);
  assert.deepEqual(on.told, ['room']);
  assert.equal(on.server.pending, 0);
});

test('attach server A11: whatever a send fails with, that client gets no more, and its queue is let go', () => {
  for (const errno of [EPIPE, ECONNRESET, EMSGSIZE, EIO]) {
    const on = open();
    on.accept(50);
    on.accept(51);
    on.sys.answer('send', -EAGAIN);
    on.broadcast('one');
    on.sys.answer('send', -errno).events(50, EPOLLOUT);
    turn(on.reactor, 0);
    assert.equal(on.server.pending, 0);
    on.broadcast('two');
    assert.deepEqual(on.sys.sent(50), []);
    assert.deepEqual(on.sys.sent(51).length, 2);
    assert.deepEqual(on.sys.called('shutdown'), [['shutdown', 50, SHUT_WR]]);
  }
});

test('attach server A11: a client that fails during a broadcast is closed by its own hang-up only', () => {
  const on = open();
  on.accept(50);
  on.sys.arrive(50, 0, 0, 0).events(50, EPOLLIN | EPOLLRDHUP);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['end']);
  on.sys.answer('send', -EPIPE);
  on.broadcast('x');
  assert.deepEqual(on.sys.called('close'), []);
  on.sys.events(50, EPOLLHUP);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['end'], 'once for each client');
  assert.deepEqual(on.sys.called('close'), [['close', 50]]);
  assert.deepEqual(watches(on.sys, 50), [input, EPOLLET, 'forgotten']);
});

test('attach server A11: an error of the socket, or a hang-up, is the end of its output', () => {
  for (const gone of [EPOLLERR, EPOLLHUP]) {
    const on = open();
    on.accept(50);
    on.sys.answer('send', -EAGAIN).events(50, gone);
    on.broadcast('x');
    turn(on.reactor, 0);
    assert.equal(on.server.pending, 0);
    on.broadcast('y');
    assert.deepEqual(on.sys.sent(50), []);
    assert.deepEqual(on.sys.called('shutdown'), [['shutdown', 50, SHUT_WR]]);
  }
});

test('attach server A17: one that goes while no input is wanted is closed at once, or when what it has left is taken', () => {
  const on = open();
  for (const fd of [50, 51, 52]) on.accept(fd);
  const left: Record<number, string> = { 52: 'left' };
  on.sys.always('ioctl', (fd, request, arg) => {
    assert.equal(request, FIONREAD);
    new Int32Array(arg.buffer)[0] = left[fd]?.length ?? 0;
    return 0;
  });
  on.takes.push(false);
  on.sys.arrive(50, 'too much').events(50, EPOLLIN);
  turn(on.reactor, 0);
  on.sys.events(51, EPOLLHUP).events(52, EPOLLHUP);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['too much', 'end']);
  assert.deepEqual(on.sys.called('close'), [['close', 51]]);
  on.server.resumeInput();
  on.sys.arrive(52, left[52]!, 0).events(52, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
  turn(on.reactor, 0);
  delete left[52];
  on.sys.events(52, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['too much', 'end', 'left', 'end']);
  assert.deepEqual(on.sys.called('close').at(-1), ['close', 52]);
});

test('attach server A25: at the end a client that takes nothing is let go, one that takes a little at a time is not', () => {
  const on = open();
  const [stuck, slow, quick] = [50, 51, 52];
  for (const fd of [stuck, slow, quick]) on.accept(fd);
  on.sys.answer('send', -EAGAIN, -EAGAIN);
  on.broadcast('x');
  let unread = 1000;
  on.sys.always('ioctl', (fd, request, arg) => {
    assert.equal(request, SIOCOUTQ);
    new Int32Array(arg.buffer)[0] = fd === slow ? unread : 1000;
    return 0;
  });
  on.server.letGoOfStuckAfter(10_000);
  const closed = () => on.sys.called('close').map(([, fd]) => fd);
  turn(on.reactor, 9999);
  assert.deepEqual(closed(), []);
  unread--; // it has read, and not enough for the kernel to report room
  turn(on.reactor, 1);
  assert.deepEqual(closed(), [stuck]);
  assert.deepEqual(on.warnings, ['Dropping a client of the attach socket: it has taken nothing for 10 s']);
  on.sys.answer('send', 2).events(slow, EPOLLOUT);
  turn(on.reactor, 10_000);
  assert.deepEqual(on.sys.sent(slow), [Buffer.from('\x02x')]);
  assert.equal(on.server.pending, 0);
  turn(on.reactor, 10_000);
  turn(on.reactor, 10_000);
  assert.deepEqual(closed(), [stuck], 'one for which nothing waits is let be');
  on.server.close();
  assert.throws(() => on.reactor.turn(), /wait for ever/);
});

test('attach server A25: told twice, it looks from the second time on, again and again; who is let go makes room', () => {
  const on = open();
  on.accept(50);
  on.accept(51);
  const stuck = [50];
  on.sys.always('sendmmsg', -EAGAIN).always('send', fd => (stuck.includes(fd) ? -EAGAIN : 8193));
  while (on.server.hasRoom) on.broadcast('x'.repeat(65_536));
  on.server.letGoOfStuckAfter(10_000);
  turn(on.reactor, 5000);
  on.server.letGoOfStuckAfter(10_000);
  turn(on.reactor, 9999);
  assert.deepEqual([on.sys.called('close'), on.told], [[], []]);
  turn(on.reactor, 1);
  assert.deepEqual([on.sys.called('close'), on.told], [[['close', 50]], ['room']]);
  assert.equal(on.server.pending, 0);
  stuck.push(51);
  on.broadcast('y');
  for (let i = 0; i < 22; i++) turn(on.reactor, 1000);
  assert.deepEqual(on.sys.called('close').at(-1), ['close', 51], 'it goes on to look');
});

test('attach server A15: a packet larger than the buffer ends that input with a warning, and gives none of it', () => {
  const on = open();
  on.accept(50);
  on.sys.answer('recv', 300_000).events(50, EPOLLIN);
  turn(on.reactor, 0);
  assert.deepEqual(on.warnings, [
    'Dropping the input of an attach client: a packet of 300000 bytes is over 262144',
  ]);
  assert.deepEqual(on.told, ['end']);
  assert.deepEqual(on.sys.called('recv'), [['recv', 50, 262_144, MSG_DONTWAIT | MSG_TRUNC]]);
  assert.deepEqual(on.sys.called('shutdown'), [['shutdown', 50, SHUT_RD]]);
  on.broadcast('still reads');
  assert.equal(on.sys.sent(50).length, 1);
});

test('attach server A15: a packet of 256 KiB is taken whole', () => {
  const on = open();
  on.accept(50);
  on.sys.answer('recv', 256 * 1024).events(50, EPOLLIN);
  turn(on.reactor, 0);
  assert.deepEqual(on.warnings, []);
  assert.deepEqual(
    on.told.map(text => text.length),
    [256 * 1024],
  );
});

test('attach server A17: recv answers of every kind, and what comes of them', () => {
  const on = open();
  on.accept(50);
  for (const arrival of [-EINTR, -EAGAIN, -ECONNRESET, 'still there']) {
    on.sys.arrive(50, arrival).events(50, EPOLLIN);
    turn(on.reactor, 0);
  }
  assert.deepEqual(on.told, ['still there']);
  on.sys.arrive(50, -EIO).events(50, EPOLLIN | EPOLLERR);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['still there', 'end']);
  assert.deepEqual(on.sys.called('close'), [['close', 50]]);
});

test('attach server A19: a packet of no bytes is no end: not without a sign of one, and not while more is to be read', () => {
  for (const end of [EPOLLRDHUP, EPOLLHUP]) {
    const on = open();
    on.accept(50);
    let left = 5;
    on.sys.always('ioctl', (_fd, _request, arg) => {
      new Int32Array(arg.buffer)[0] = left;
      return 0;
    });
    on.sys.arrive(50, 0).events(50, EPOLLIN);
    turn(on.reactor, 0);
    left = 0;
    on.sys.arrive(50, 0).events(50, EPOLLIN);
    turn(on.reactor, 0);
    left = 5;
    on.sys.arrive(50, 0).events(50, EPOLLIN | end);
    turn(on.reactor, 0);
    assert.deepEqual(on.told, []);
    on.sys.arrive(50, 'input').events(50, EPOLLIN | end);
    turn(on.reactor, 0);
    left = 0;
    on.sys.arrive(50, 0).events(50, EPOLLIN | end);
    turn(on.reactor, 0);
    assert.deepEqual(on.told, ['input', 'end']);
  }
});

test('attach server A16: after an input too many no client is watched for input, and again after resumeInput', () => {
  const on = open();
  on.accept(50);
  on.accept(51);
  on.takes.push(false);
  on.sys.arrive(50, 'a', 'b').arrive(51, 'c');
  on.sys.events(50, EPOLLIN).events(51, EPOLLIN);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['a']);
  assert.deepEqual(watches(on.sys, 50), [input, EPOLLET]);
  assert.deepEqual(watches(on.sys, 51), [input, EPOLLET]);
  on.server.resumeInput();
  on.sys.events(50, EPOLLIN).events(51, EPOLLIN);
  turn(on.reactor, 0);
  assert.deepEqual(on.told, ['a', 'b', 'c']);
  const ops = on.sys.called('epollCtl').filter(call => call[3] === 50);
  assert.deepEqual(
    ops.map(call => call[2]),
    [EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_MOD],
  );
});

test('attach server A13: a client is closed after its input was thrown away', () => {
  const on = open();
  on.accept(50);
  on.sys.arrive(50, 'unread', -EINTR, 'too', 0);
  on.server.close();
  assert.equal(watches(on.sys, 50).at(-1), 'forgotten');
  assert.equal(watches(on.sys, listener).at(-1), 'forgotten');
  assert.deepEqual(
    on.sys
      .called('shutdown', 'recv', 'close')
      .filter(call => call[1] === 50)
      .map(([name]) => name),
    ['shutdown', 'recv', 'recv', 'recv', 'recv', 'close'],
  );
  assert.deepEqual(on.sys.called('shutdown'), [['shutdown', 50, SHUT_RDWR]]);
  assert.deepEqual(on.told, []);
});

test('attach socket A6: unlink removes nothing when it cannot be told that the file is the one made here', () => {
  for (const refused of ['lstatat', 'fstat'] as const) {
    const { sys, server } = openLinked();
    sys.always(refused, -EIO);
    server.unlink();
    assert.deepEqual(sys.called('unlinkat'), [], refused);
  }
});

test('attach socket A6: socket and link are removed, each if it is the one made here, and their fds closed', () => {
  for (const replaced of [undefined, 'attach', '/run/cuuid']) {
    const { sys, server, made } = openLinked();
    if (replaced !== undefined) made.set(replaced, 99);
    server.unlink();
    const removed = sys.called('unlinkat').map(([, , path]) => path);
    assert.deepEqual(
      removed,
      ['attach', '/run/cuuid'].filter(path => path !== replaced),
    );
    assert.equal(sys.called('close').length, 2, 'that of each file');
    server.unlink();
    server.close();
    assert.equal(sys.called('unlinkat').length, removed.length);
    assert.equal(sys.called('close').length, 4, 'the listener’s, and the directory’s');
  }
});

test('attach socket: closed and not unlinked, it leaves the files where they are, and no fd open', () => {
  const { sys, server } = openLinked();
  server.close();
  assert.deepEqual(sys.called('unlinkat'), []);
  assert.equal(new Set(sys.called('close').map(([, fd]) => fd)).size, 4);
  assert.equal(sys.called('close').length, 4);
});

test('attach socket A3: the link appears when the socket listens', () => {
  const { sys } = openLinked();
  assert.deepEqual(
    sys.called('listen', 'symlink').map(call => (call[0] === 'listen' ? 'listen' : call)),
    ['listen', ['symlink', '/b', '/run/cuuid']],
  );
  assert.deepEqual(sys.called('openat').at(-1), [
    'openat',
    AT_FDCWD,
    '/run/cuuid',
    O_PATH | O_NOFOLLOW | O_CLOEXEC,
    0,
  ]);
});

test('attach socket A5: a link that cannot be made is a FatalError that says why, and nothing of ours stays', () => {
  for (const [call, message] of [
    ['lstatat', /Failed to remove existing symlink for socket directory \/run\/cuuid: Permission denied/],
    ['symlink', /Failed to create symlink for attach socket \/run\/cuuid: Permission denied/],
    ['openat', /Failed to open \/run\/cuuid: Permission denied/],
  ] as const) {
    let sys = createScriptedSys();
    assert.throws(
      () =>
        openLinked(scripted => {
          sys = scripted;
          if (call === 'symlink') sys.answer(call, -EACCES);
          else refuseFor(sys, call, '/run/cuuid', -EACCES);
        }),
      message,
    );
    const removed = sys.called('unlinkat').map(([, , path]) => path);
    assert.deepEqual(removed, call === 'openat' ? ['/run/cuuid', 'attach'] : ['attach'], call);
    assert.equal(sys.called('close').length, 3, call);
  }
});

/** A server with a link to its bundle. `made` has the inodes of the files that are there, by their paths. */
function openLinked(prepare: (sys: ScriptedSys) => void = () => {}) {
  const made = new Map<string, number>();
  const inodes = new Map<number, number>();
  const stat = (inode: number | undefined, out: Float64Array) => {
    if (inode === undefined) return -ENOENT;
    out.set([S_IFSOCK | 0o700, 0, 0, 0, 1, inode, 1]);
    return 0;
  };
  const sys = createScriptedSys();
  sys
    .always('bind', () => made.set('attach', 1).size - 1)
    .always('symlink', () => made.set('/run/cuuid', 2).size - 2)
    .always('lstatat', (_dirfd, path, out) => stat(made.get(path), out))
    .always('fstat', (fd, out) => stat(inodes.get(fd), out))
    .always('openat', (_dirfd, path) => {
      const fd = sys.freshFd();
      inodes.set(fd, made.get(path)!);
      return fd;
    });
  prepare(sys);
  const place = { bundle: '/b', link: { path: '/run/cuuid', target: '/b' } };
  const server = openAttachServer(sys, new Reactor(sys), place, idleHooks, assert.fail);
  return { sys, server, made };
}

/** Refuses that call for one path. */
function refuseFor(sys: ScriptedSys, call: 'lstatat' | 'openat', path: string, answer: number): void {
  const perform = sys.perform.bind(sys);
  sys.perform = (name, args) => {
    const given = perform(name, args);
    return name === call && (args as unknown[])[1] === path ? answer : given;
  };
}
