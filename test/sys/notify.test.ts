import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNotifyRelay } from '../../src/notify/notify-relay.ts';
import {
  EPOLL_CTL_DEL,
  EPOLLIN,
  MSG_DONTWAIT,
  MSG_TRUNC,
  O_CLOEXEC,
  O_PATH,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  EISDIR,
  EMFILE,
  ENOBUFS,
  ENOENT,
} from '../../src/sys/errno.ts';
import { FatalError } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const hostPath = '/run/systemd/notify';
/** Scripted fds are counted from 100: the reactor's epoll, the notify folder, the two sockets. */
const folderFd = 101;
const containerFd = 102;
const hostFd = 103;

function open(sys = createScriptedSys(), socket = hostPath) {
  const warnings: string[] = [];
  const reactor = new Reactor(sys);
  const relay = openNotifyRelay(sys, reactor, { bundle: '/b', socket }, message => warnings.push(message));
  return {
    sys,
    reactor,
    relay,
    warnings,
    /** The container sends these, and the reactor has one turn. */
    sends(...datagrams: (string | number | Buffer)[]) {
      sys.arrive(containerFd, ...datagrams).events(containerFd, EPOLLIN);
      turn(reactor, 0);
    },
    forwarded: () => sys.sent(hostFd).map(String),
  };
}

test('N1 notify: the socket is bound in the bundle’s notify folder, for everybody, whatever the umask', () => {
  const { sys } = open();
  assert.deepEqual(
    sys.called('unlinkat', 'umask', 'fchmod', 'bind', 'close').map(([name, ...args]) => [name, ...args]),
    [
      ['unlinkat', folderFd, 'notify.sock', 0],
      ['umask', 0],
      ['fchmod', containerFd, 0o777],
      ['bind', containerFd, `/proc/self/fd/${folderFd}/notify.sock`],
      ['umask', 0o022],
      ['close', folderFd],
    ],
  );
  assert.deepEqual(sys.called('open')[0], ['open', '/b/notify', O_PATH | O_CLOEXEC, 0]);
  for (const call of sys.called('socket'))
    assert.deepEqual(call, ['socket', SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC]);
});

test('N1 notify: nothing to unlink is fine; what cannot be bound is fatal, and leaves no fd and the umask', () => {
  open(createScriptedSys().answer('unlinkat', -ENOENT));
  const faults: [string, (sys: ScriptedSys) => void][] = [
    ['open', sys => sys.answer('open', -ENOENT)],
    ['unlinkat', sys => sys.answer('unlinkat', -EISDIR)],
    ['socket', sys => sys.answer('socket', -EMFILE)],
    ['fchmod', sys => sys.answer('fchmod', -EACCES)],
    ['bind', sys => sys.answer('bind', -EADDRINUSE)],
  ];
  for (const [name, fail] of faults) {
    const sys = createScriptedSys();
    fail(sys);
    assert.throws(() => open(sys), FatalError, name);
    const opened = sys.called('open', 'socket').length - (name === 'open' || name === 'socket' ? 1 : 0);
    assert.equal(sys.called('close').length, opened, name);
    const masks = sys.called('umask').map(([, mask]) => mask);
    assert.deepEqual(masks, name === 'fchmod' || name === 'bind' ? [0, 0o022] : [], name);
  }
});

test('N1 notify: without a socket to the service manager there is no relay', () => {
  const sys = createScriptedSys().answer('socket', containerFd, -EMFILE);
  assert.throws(() => open(sys), /^FatalError: Failed to create notify socket: Too many open files$/);
});

test('N2 notify: what may pass goes to the service manager in one datagram, without waiting', () => {
  const { sys, sends, forwarded } = open();
  sends('MAINPID=1\nREADY=1\nSTATUS=up\n');
  assert.deepEqual(forwarded(), ['READY=1\nSTATUS=up']);
  const [[, fd, , flags, path] = []] = sys.called('sendto');
  assert.deepEqual([fd, flags, path], [hostFd, 0x4040, hostPath]);
});

test('N4 notify: where nothing passes, nothing is sent', () => {
  const { sys, sends } = open();
  sends('MAINPID=1', 'FDSTORE=1', '\n\n');
  assert.deepEqual(sys.called('sendto'), []);
});

test('N5 notify: of a message longer than 32,768 bytes the whole lines in them pass', () => {
  const { sys, sends, forwarded } = open();
  const text = `READY=1\nSTATUS=${'x'.repeat(40_000)}`;
  sys.answer('recv', (_fd, buf, offset, length, flags) => {
    assert.deepEqual([length, flags], [32_768, MSG_DONTWAIT | MSG_TRUNC]);
    buf.set(Buffer.from(text).subarray(0, length), offset);
    return text.length; // as MSG_TRUNC has it
  });
  sends();
  assert.deepEqual(forwarded(), ['READY=1']);
});

test('N5 notify: one of 32,768 bytes passes whole', () => {
  const { sys, sends, forwarded } = open();
  const text = `${'x'.repeat(32_760)}\nREADY=1`;
  assert.equal(text.length, 32_768);
  sys.answer('recv', (_fd, buf, offset) => {
    buf.set(Buffer.from(text), offset);
    return text.length;
  });
  sends();
  assert.deepEqual(forwarded(), ['READY=1']);
});

test('N6 notify: fds that come along are never taken', () => {
  const { sys, sends } = open();
  sends('READY=1');
  assert.deepEqual(sys.called('recvFd'), []);
});

test('N7 notify: an empty message is not the end', () => {
  const { sends, forwarded } = open();
  sends(0, 'READY=1');
  assert.deepEqual(forwarded(), ['READY=1']);
});

test('N8 notify: a message for which there is no room is kept, nothing is read meanwhile, and none is lost', () => {
  for (const full of [-EAGAIN, -ENOBUFS]) {
    const { sys, reactor, sends, forwarded, warnings } = open(
      createScriptedSys().answer('sendto', full, full),
    );
    sends('READY=1', 'STATUS=2', 'STATUS=3');
    assert.equal(sys.called('recv').length, 1);
    sys.events(containerFd, EPOLLIN);
    reactor.turn(); // to the retry, which finds no room again
    reactor.turn(); // to the one that does
    assert.deepEqual(forwarded(), ['READY=1']);
    turn(reactor, 0);
    assert.deepEqual(forwarded(), ['READY=1', 'STATUS=2', 'STATUS=3']);
    assert.deepEqual(warnings, []);
  }
});

test('N9 notify: a service manager that is gone is said once, and again after it was back', () => {
  const gone = [-ECONNREFUSED, -ENOENT, 7, -ENOENT];
  const { sends, forwarded, warnings } = open(createScriptedSys().answer('sendto', ...gone));
  sends('READY=1', 'READY=1');
  assert.deepEqual(warnings, ['Failed to write to host notify socket: Connection refused']);
  sends('READY=1', 'READY=1');
  assert.equal(forwarded().length, 1);
  assert.equal(warnings.length, 2);
});

test('N10 notify: a socket that begins with @ is an abstract address', () => {
  const { sys, sends } = open(createScriptedSys(), '@/org/manager');
  sends('READY=1');
  assert.equal(sys.called('sendto')[0]?.[4], '\0/org/manager');
});

test('N10 notify: a path of 108 bytes is reached through its folder, one of 107 directly', () => {
  const longest = `/${'a'.repeat(50)}/${'b'.repeat(55)}`;
  const direct = open(createScriptedSys(), longest);
  direct.sends('READY=1');
  assert.equal(direct.sys.called('sendto')[0]?.[4], longest);

  const longer = open(createScriptedSys(), `${longest}b`);
  longer.sends('READY=1');
  const folder = 104;
  assert.deepEqual(longer.sys.called('open')[1], ['open', `/${'a'.repeat(50)}`, O_PATH | O_CLOEXEC, 0]);
  assert.equal(longer.sys.called('sendto')[0]?.[4], `/proc/self/fd/${folder}/${'b'.repeat(56)}`);
  longer.relay.close();
  assert.ok(longer.sys.called('close').some(([, fd]) => fd === folder));
});

test('N11 notify: a flood is relayed 16 messages a turn', () => {
  const { sys, reactor, sends } = open();
  sends(...Array.from({ length: 40 }, (_, i) => `STATUS=${i}`));
  assert.equal(sys.called('sendto').length, 16);
  sys.events(containerFd, EPOLLIN);
  turn(reactor, 0);
  assert.equal(sys.called('sendto').length, 32);
});

test('N12 notify: what has come before the end is relayed, and then no fd is left, but the name is', () => {
  const { sys, relay, forwarded } = open();
  sys.arrive(containerFd, 'STOPPING=1');
  relay.close();
  assert.deepEqual(forwarded(), ['STOPPING=1']);
  assert.deepEqual(
    sys.called('close').map(([, fd]) => fd),
    [folderFd, containerFd, hostFd],
  );
  assert.equal(sys.called('unlink', 'unlinkat').length, 1); // the one before binding
});

test('N12 notify: where nothing of what has come may pass, nothing is sent at the end, and nothing is watched', () => {
  const { sys, relay } = open();
  sys.arrive(containerFd, 'MAINPID=1');
  relay.close();
  assert.deepEqual(sys.called('sendto'), []);
  const forgotten = sys.called('epollCtl').filter(([, , op]) => op === EPOLL_CTL_DEL);
  assert.deepEqual(
    forgotten.map(([, , , fd]) => fd),
    [containerFd],
  );
});

test('N12 notify: more than a turn relays is relayed at the end, through interrupted calls too', () => {
  const { sys, relay, forwarded, warnings } = open();
  const messages = Array.from({ length: 40 }, (_, i) => `STATUS=${i}`);
  sys.arrive(containerFd, ...messages.slice(0, 20), -EINTR, ...messages.slice(20));
  relay.close();
  assert.deepEqual(forwarded(), messages);
  assert.deepEqual(warnings, []);
});

test('N12 notify: a message that waits for room at the end, and those behind it, are relayed when there is room', () => {
  const full = [-EAGAIN, -ENOBUFS, -EAGAIN];
  const { sys, relay, sends, forwarded, warnings } = open(createScriptedSys().answer('sendto', ...full));
  sends('READY=1', 'STATUS=2', 'MAINPID=1');
  sys.arrive(containerFd, 'STOPPING=1');
  const [before] = sys.monotonic;
  relay.close();
  assert.deepEqual(forwarded(), ['READY=1', 'STATUS=2', 'STOPPING=1']);
  assert.deepEqual(warnings, []);
  assert.ok(sys.monotonic[0] - before < 0.5);
});

test('N12 notify: the end waits half a second for a queue that stays full, says what is lost, and leaves no timer', () => {
  const { sys, reactor, relay, sends, warnings } = open(createScriptedSys().always('sendto', -EAGAIN));
  sends('READY=1', 'STATUS=2', 'MAINPID=1');
  sys.arrive(containerFd, 'STOPPING=1');
  const clock = () => sys.monotonic[0] * 1000 + sys.monotonic[1] / 1e6;
  const before = clock();
  relay.close();
  assert.equal(clock() - before, 500);
  assert.deepEqual(warnings, ['Lost 3 messages to host notify socket at the end']);
  const sent = sys.called('sendto').length;
  turn(reactor, 1000);
  assert.equal(sys.called('sendto').length, sent);
  assert.ok(sys.called('close').some(([, fd]) => fd === containerFd));
});

test('N12 notify: a flood that goes on holds the end up for half a second at the most', () => {
  const { sys, relay, warnings } = open();
  sys.always('recv', (_fd, buf, offset) => {
    sys.advance(1);
    buf.set(Buffer.from('READY=1'), offset);
    return 7;
  });
  relay.close();
  assert.ok(sys.called('sendto').length <= 500);
  assert.deepEqual(warnings, ['Lost 512 messages or more to host notify socket at the end']);
});
