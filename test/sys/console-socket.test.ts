// The console socket over scripted calls.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openConsoleSocket } from '../../src/stdio/console-socket.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  F_DUPFD_CLOEXEC,
  F_SETFL,
  O_NONBLOCK,
  ONLCR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  TCGETS,
  TCSETS,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EADDRINUSE,
  EAGAIN,
  ECONNRESET,
  EINTR,
  EINVAL,
  EMFILE,
  ENOENT,
  ENOMEM,
} from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn as turnWithin } from '../fixtures/turn.ts';

const [listener, connection, terminal, copy] = [40, 41, 42, 43];

function open(prepare: (sys: ScriptedSys) => void = () => {}) {
  const sys = createScriptedSys().always('socket', listener).always('accept4', connection);
  sys.always('fcntl', (_fd, command) => (command === F_DUPFD_CLOEXEC ? copy : 2));
  prepare(sys);
  const reactor = new Reactor(sys);
  const warnings: string[] = [];
  const consoles: unknown[] = [];
  const hooks = { onConsole: (console: unknown) => void consoles.push(console) };
  const socket = openConsoleSocket(sys, reactor, '/run/box', hooks, message => warnings.push(message));
  const turn = (fd: number) => {
    sys.events(fd, EPOLLIN);
    turnWithin(reactor, 0);
  };
  const watched = () => {
    const fds = new Set<unknown>();
    for (const [, , op, fd] of sys.called('epollCtl')) {
      if (op === EPOLL_CTL_ADD) fds.add(fd);
      else if (op === EPOLL_CTL_DEL) fds.delete(fd);
    }
    return [...fds];
  };
  const closed = () => sys.called('close').map(([, fd]) => fd);
  return { sys, reactor, socket, warnings, consoles, turn, watched, closed };
}

const noHooks = { onConsole: () => assert.fail('a console') };
const noWarning = (text: string) => assert.fail(text);

/** The next message brings that fd, or none. */
const message =
  (fd: number, length = 1) =>
  (_fd: number, _buf: Uint8Array, out: Int32Array) => {
    out[0] = fd;
    return length;
  };

describe('console socket', () => {
  it('is a stream socket in the directory, made by binding with no rights for others', () => {
    const { sys, socket } = open(sys => sys.answer('umask', 0o022));
    assert.match(socket.path, /^\/run\/box\/conmon-term\.[0-9a-z]+$/);
    assert.deepEqual(
      sys.called('socket', 'umask', 'bind', 'listen').map(call => call.slice(0, 3)),
      [
        ['socket', SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK],
        ['umask', 0o077],
        ['bind', listener, socket.path],
        ['umask', 0o022],
        ['listen', listener, 1],
      ],
    );
  });

  it('a name that is in use is not taken: another one is tried', () => {
    const { sys, socket } = open(sys => sys.answer('bind', -EADDRINUSE, -EADDRINUSE));
    const paths = sys.called('bind').map(([, , path]) => path);
    assert.equal(new Set(paths).size, 3);
    assert.equal(paths[2], socket.path);
  });

  it('names that are all in use end the attempt', () => {
    const sys = createScriptedSys().always('bind', -EADDRINUSE);
    assert.throws(() => openConsoleSocket(sys, new Reactor(sys), '/t', noHooks, noWarning), {
      name: 'FatalError',
      code: 'EADDRINUSE',
    });
    assert.equal(sys.called('bind').length, 100);
    assert.equal(sys.called('umask').length, 2);
  });

  it('a directory that is not there is named, and the umask is put back', () => {
    const sys = createScriptedSys().answer('bind', -ENOENT);
    assert.throws(
      () => openConsoleSocket(sys, new Reactor(sys), '/gone', noHooks, noWarning),
      /^FatalError: Failed to bind console socket \/gone\/conmon-term\..*: No such file or directory$/,
    );
    assert.equal(sys.called('umask').length, 2);
  });

  it('no socket to be had is fatal', () => {
    const sys = createScriptedSys().answer('socket', -EMFILE);
    assert.throws(
      () => openConsoleSocket(sys, new Reactor(sys), '/t', noHooks, noWarning),
      /Failed to create console socket: Too many open files/,
    );
  });

  it('one that cannot be listened on is removed again', () => {
    const sys = createScriptedSys().answer('listen', -EACCES);
    assert.throws(
      () => openConsoleSocket(sys, new Reactor(sys), '/t', noHooks, noWarning),
      /Failed to listen on \/t\/conmon-term/,
    );
    assert.deepEqual(sys.called('unlink'), [['unlink', sys.called('bind')[0]![2]]]);
  });
});

describe('the terminal', () => {
  it('comes as an fd: one connection, one message, after which socket and file are gone', () => {
    const { sys, socket, turn, consoles, warnings, watched, closed } = open();
    turn(listener);
    assert.deepEqual(watched(), [connection]);
    sys.answer('recvFd', message(terminal, 5));
    turn(connection);
    assert.deepEqual(consoles, [{ inputFd: terminal, outputFd: copy }]);
    assert.deepEqual(closed().toSorted(), [listener, connection]);
    assert.deepEqual(sys.called('unlink'), [['unlink', socket.path]]);
    assert.deepEqual(watched(), []);
    assert.deepEqual(warnings, []);
  });

  it('a listener that cannot be watched is fatal, and its file is removed', () => {
    const sys = createScriptedSys().answer('epollCtl', -ENOMEM);
    assert.throws(
      () => openConsoleSocket(sys, new Reactor(sys), '/t', { onConsole() {} }, () => {}),
      /Failed to watch \/t\/conmon-term\..*: Cannot allocate memory/,
    );
    assert.match(String(sys.called('unlink')[0]?.[1]), /^\/t\/conmon-term\./);
  });

  it('comes with the next poll where its connection cannot be watched', () => {
    const { sys, socket, turn, consoles, closed } = open();
    sys.answer('epollCtl', 0, -ENOMEM); // the listener is let go, and then the kernel has no memory
    turn(listener);
    sys.answer('recvFd', message(terminal));
    socket.poll();
    assert.deepEqual(consoles, [{ inputFd: terminal, outputFd: copy }]);
    assert.deepEqual(closed().toSorted(), [listener, connection]);
  });

  it('both its fds are close-on-exec and do not block', () => {
    const { sys, turn } = open();
    turn(listener);
    sys.answer('recvFd', message(terminal));
    turn(connection);
    const calls = sys.called('fcntl');
    assert.ok(
      calls.some(
        ([, fd, command, arg]) => fd === terminal && command === F_SETFL && arg === (O_NONBLOCK | 2),
      ),
    );
    assert.ok(calls.some(([, fd, command]) => fd === terminal && command === F_DUPFD_CLOEXEC));
  });

  it('newlines become carriage return and newline, and no other setting changes', () => {
    const { sys, turn } = open();
    const before = Uint8Array.from({ length: 36 }, (_, i) => i * 5);
    before[4] = 1;
    const set: Buffer[] = [];
    sys.always('ioctl', (fd, request, arg) => {
      assert.equal(fd, terminal);
      if (request === TCGETS) arg.set(before);
      else set.push(Buffer.from(arg));
      return 0;
    });
    turn(listener);
    sys.answer('recvFd', message(terminal));
    turn(connection);
    assert.deepEqual(
      sys.called('ioctl').map(([, , request]) => request),
      [TCGETS, TCSETS],
    );
    const after = Buffer.from(before);
    after[4] = 1 | ONLCR;
    assert.deepEqual(set[0]!.subarray(0, 36), after);
  });

  it('settings that are refused are a warning, and the terminal is used', () => {
    for (const [answers, warning] of [
      [[-EINVAL], 'Failed to get console terminal settings'],
      [[0, -EINVAL], 'Failed to set console terminal settings'],
    ] as const) {
      const { sys, turn, consoles, warnings } = open(sys => sys.answer('ioctl', ...answers));
      turn(listener);
      sys.answer('recvFd', message(terminal));
      turn(connection);
      assert.deepEqual(warnings, [warning]);
      assert.equal(consoles.length, 1);
    }
  });

  it('no fd for the copy is fatal', () => {
    const { sys, turn } = open(sys =>
      sys.always('fcntl', (_fd, command) => (command === F_DUPFD_CLOEXEC ? -EMFILE : 0)),
    );
    turn(listener);
    sys.answer('recvFd', message(terminal));
    assert.throws(() => turn(connection), /Failed to dup console file descriptor: Too many open files/);
  });

  it('a message without an fd, the end and an error are a warning that names the socket, and no terminal', () => {
    for (const answer of [message(-1), message(-1, 0), -ECONNRESET]) {
      const { sys, socket, turn, consoles, warnings, watched, closed } = open();
      turn(listener);
      sys.answer('recvFd', answer);
      turn(connection);
      assert.deepEqual(consoles, []);
      assert.deepEqual(warnings, [`Failed to receive the console's file descriptor over ${socket.path}`]);
      assert.deepEqual(closed().toSorted(), [listener, connection]);
      assert.deepEqual(watched(), []);
      assert.equal(sys.called('unlink').length, 1);
    }
  });

  it('an interrupted receive is repeated, and one that finds nothing waits on', () => {
    const { sys, turn, consoles, watched } = open();
    turn(listener);
    sys.answer('recvFd', -EINTR, -EAGAIN, message(terminal));
    turn(connection);
    assert.deepEqual(consoles, []);
    assert.deepEqual(watched(), [connection]);
    turn(connection);
    assert.equal(consoles.length, 1);
  });

  it('a connection that is gone again before it is accepted changes nothing', () => {
    const { sys, turn, watched } = open(sys => sys.answer('accept4', -EAGAIN));
    turn(listener);
    assert.deepEqual(watched(), [listener]);
    turn(listener);
    assert.deepEqual(watched(), [connection]);
    assert.equal(sys.called('accept4').length, 2);
  });

  it('a connection for which there is no fd is left alone until the runtime has ended, and not reported again and again', () => {
    const { sys, socket, consoles, warnings, turn } = open(sys => sys.answer('accept4', -EMFILE));
    turn(listener);
    assert.match(warnings.join(), /^Failed to accept the runtime's connection to .*: Too many open files$/);
    assert.deepEqual(sys.called('epollCtl').at(-1)?.slice(2), [EPOLL_CTL_MOD, listener, EPOLLET]);
    sys.answer('recvFd', (_fd, _buf, out) => {
      out[0] = terminal;
      return 1;
    });
    socket.poll();
    assert.equal(consoles.length, 1);
  });

  it('a second connection is not accepted', () => {
    const { sys, turn, watched } = open();
    turn(listener);
    turn(listener);
    assert.equal(sys.called('accept4').length, 1);
    assert.deepEqual(watched(), [connection]);
  });
});

describe('when the runtime has ended', () => {
  it('a terminal that was not reported yet is taken', () => {
    const { sys, socket, consoles } = open(sys => sys.answer('recvFd', message(terminal)));
    socket.poll();
    assert.equal(consoles.length, 1);
    socket.poll();
    socket.close();
    assert.equal(consoles.length, 1);
    assert.equal(sys.called('unlink').length, 1);
  });

  it('a message that was not reported yet is taken', () => {
    const { sys, socket, turn, consoles } = open();
    turn(listener);
    sys.answer('recvFd', message(terminal));
    socket.poll();
    assert.equal(consoles.length, 1);
  });

  it('nobody there, and a message that has not come: poll changes nothing', () => {
    const nobody = open(sys => sys.always('accept4', -EAGAIN));
    nobody.socket.poll();
    assert.deepEqual(nobody.watched(), [listener]);
    const silent = open();
    silent.turn(listener);
    silent.socket.poll();
    assert.deepEqual([silent.consoles, silent.warnings, silent.watched()], [[], [], [connection]]);
  });
});

describe('closing the console socket', () => {
  const states = {
    'while nobody has come': () => {},
    'after a connection': ({ turn }: ReturnType<typeof open>) => turn(listener),
    'after the terminal': ({ sys, turn }: ReturnType<typeof open>) => {
      turn(listener);
      sys.answer('recvFd', message(terminal));
      turn(connection);
    },
    'after a message without an fd': ({ sys, turn }: ReturnType<typeof open>) => {
      turn(listener);
      sys.answer('recvFd', message(-1));
      turn(connection);
    },
  };
  for (const [state, reach] of Object.entries(states))
    it(`${state}: the file is removed, all is closed once and nothing stays watched`, () => {
      const scene = open();
      reach(scene);
      scene.socket.close();
      scene.socket.close();
      assert.deepEqual(scene.sys.called('unlink'), [['unlink', scene.socket.path]]);
      const closed = scene.closed();
      assert.equal(new Set(closed).size, closed.length);
      assert.deepEqual(
        closed.toSorted(),
        state === 'while nobody has come' ? [listener] : [listener, connection],
      );
      assert.deepEqual(scene.watched(), []);
      const calls = scene.sys.calls.length;
      scene.socket.poll();
      assert.equal(scene.sys.calls.length, calls, 'the fds may be somebody else’s by now');
    });
});
