import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EFD_CLOEXEC,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  IN_NONBLOCK,
  MSG_DONTWAIT,
  O_CLOEXEC,
  O_RDONLY,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from '../../src/sys/constants.ts';
import { EINTR, EIO, ENOSPC } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, ScriptedExit, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';
import { describeSysContract, type World } from './sys-contract.ts';

describeSysContract('scripted', makeScriptedWorld);

describe('scripted Sys', () => {
  it('answer: in order, functions called with the arguments, then the standing one', () => {
    const sys = createScriptedSys();
    sys.answer('write', -EINTR, (_fd, _buf, _offset, length) => length - 1).always('write', -ENOSPC);
    const answers = [1, 2, 3].map(() => sys.write(7, Buffer.from('abc'), 0, 3));
    assert.deepEqual(answers, [-EINTR, 2, -ENOSPC]);
    assert.equal(sys.written(7).toString(), 'ab');
  });

  it('calls: hold what was offered at the time of the call, whatever becomes of the buffer', () => {
    const sys = createScriptedSys();
    const buf = Buffer.from('-abc-');
    sys.write(7, buf, 1, 3);
    buf.fill(0);
    sys.read(8, buf, 0, 4);
    assert.deepEqual(sys.calls, [
      ['write', 7, Buffer.from('abc')],
      ['read', 8, 4],
    ]);
    assert.deepEqual(sys.called('read'), [['read', 8, 4]]);
  });

  it('events: wait until the fd is watched for them; hang-ups need not be asked for', () => {
    const sys = createScriptedSys();
    const reactor = new Reactor(sys);
    const seen: number[] = [];
    sys.events(7, EPOLLOUT).events(7, EPOLLHUP);
    reactor.watch(7, EPOLLIN, events => seen.push(events));
    turn(reactor, 0);
    reactor.rearm(7, EPOLLOUT);
    turn(reactor, 0);
    assert.deepEqual(seen, [EPOLLHUP, EPOLLOUT]);
    sys.assertDone();
  });

  it('epollWait: a wait that nothing can end is an error of the test', () => {
    const sys = createScriptedSys();
    assert.throws(() => new Reactor(sys).turn(), /would wait for ever/);
  });

  it('assertDone: names each thing that was scripted and never asked for', () => {
    const sys = createScriptedSys();
    sys.answer('kill', 0).arrive(5, 'x').events(6, EPOLLIN).dies(7, 0);
    assert.throws(
      () => sys.assertDone(),
      /answer of kill, an arrival at fd 5, an event of fd 6, the death of 7/,
    );
  });

  it('file: a number is what opening it answers', () => {
    const sys = createScriptedSys();
    sys.file('/x', -EIO);
    assert.equal(sys.open('/x', O_RDONLY | O_CLOEXEC, 0), -EIO);
    assert.equal(sys.openat(3, '/x', O_CLOEXEC | O_RDONLY, 0), -EIO);
  });

  it('exit: a status that is no int is a TypeError', () => {
    const sys = createScriptedSys();
    for (const status of [Number.NaN, 1.5, 2 ** 31, undefined as unknown as number])
      assert.throws(() => sys.exit(status), TypeError, String(status));
    assert.deepEqual(sys.calls, []);
  });

  it('exit: does not return', () => {
    const sys = createScriptedSys();
    assert.throws(
      () => sys.exit(3),
      (error: unknown) => error instanceof ScriptedExit && error.status === 3,
    );
  });
});

function makeScriptedWorld(): World {
  const sys = createScriptedSys();
  return {
    sys,
    stream: content => {
      const fd = sys.open('/stream', O_RDONLY | O_CLOEXEC, 0);
      sys.arrive(fd, content, 0).events(fd, EPOLLIN);
      return fd;
    },
    packets: (...packets) => {
      const fd = sys.socket(SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK);
      sys.arrive(fd, ...packets);
      return fd;
    },
    file: content => {
      sys.file('/file', content);
      return '/file';
    },
    missing: () => {
      sys.file('/missing', -2);
      return '/missing';
    },
    child: exitStatus => {
      const pid = sys.spawn({
        file: '/x',
        argv: ['x'],
        environ: new Uint8Array(0),
        fds: [],
        parentDeathSignal: 0,
      });
      sys.dies(pid, exitStatus << 8);
      return pid;
    },
  };
}

describe('scripted Sys: flags that the monitor needs', () => {
  for (const [what, call] of [
    ['open', (sys: ScriptedSys) => sys.open('/x', O_RDONLY, 0)],
    ['openat', (sys: ScriptedSys) => sys.openat(3, 'x', O_RDONLY, 0)],
    ['pipe2', (sys: ScriptedSys) => sys.pipe2(new Int32Array(2), 0)],
    ['eventfd', (sys: ScriptedSys) => sys.eventfd(0, EFD_CLOEXEC)],
    ['inotifyInit', (sys: ScriptedSys) => sys.inotifyInit(IN_NONBLOCK)],
    ['socket', (sys: ScriptedSys) => sys.socket(SOCK_SEQPACKET | SOCK_CLOEXEC)],
    ['accept4', (sys: ScriptedSys) => sys.accept4(3, SOCK_NONBLOCK)],
    ['send', (sys: ScriptedSys) => sys.send(3, new Uint8Array(1), 0, 1, MSG_DONTWAIT)],
    ['sendmmsg', (sys: ScriptedSys) => sys.sendmmsg(3, 2, new Uint8Array(1), 0, 1, 8192, MSG_DONTWAIT)],
    ['sendto', (sys: ScriptedSys) => sys.sendto(3, new Uint8Array(1), 0, 1, MSG_DONTWAIT, '/x')],
    ['sendFdTo', (sys: ScriptedSys) => sys.sendFdTo(3, 4, MSG_DONTWAIT, '/x')],
  ] as const)
    it(`${what} without one is refused`, () =>
      assert.throws(() => call(createScriptedSys()), new RegExp(`^Error: ${what} lacks flags: 0x`)));
});
