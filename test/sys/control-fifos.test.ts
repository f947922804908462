// The control fifos over scripted calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openControlFifos } from '../../src/control/control-fifos.ts';
import {
  EPOLL_CTL_DEL,
  EPOLLIN,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  S_IFIFO,
  S_IFLNK,
} from '../../src/sys/constants.ts';
import { EACCES, EAGAIN, EEXIST, EINTR, EIO, EMFILE, ENOENT, ENOSPC } from '../../src/sys/errno.ts';
import { FatalError } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const [dirfd, ctlPath, ctl, winszPath, winsz] = [40, 41, 42, 43, 44];

function scriptFifos(): ScriptedSys {
  const fill = (mode: number) => (out: Float64Array) => {
    out[0] = mode;
    return 0;
  };
  return createScriptedSys()
    .answer('open', dirfd, ctl, winsz)
    .answer('openat', ctlPath, winszPath)
    .always('lstatat', -ENOENT)
    .always('fstat', (_fd, out) => fill(S_IFIFO | 0o640)(out));
}

function open(sys = scriptFifos()) {
  const reactor = new Reactor(sys);
  const seen: string[] = [];
  const hooks = {
    onResize: (rows: number, columns: number) => seen.push(`${rows}x${columns}`),
    onReopenLogs: () => seen.push('reopen'),
  };
  const fifos = openControlFifos(sys, reactor, '/b', hooks, message => seen.push(`warning: ${message}`));
  return { sys, reactor, seen, fifos };
}

test('control fifos C1, C2: made below the open bundle, opened by inode, read and write in one', () => {
  const { sys } = open();
  assert.deepEqual(sys.called('mkfifo'), [
    ['mkfifo', `/proc/self/fd/${dirfd}/ctl`, 0o660],
    ['mkfifo', `/proc/self/fd/${dirfd}/winsz`, 0o660],
  ]);
  assert.deepEqual(sys.called('open')[0], ['open', '/b', O_PATH | O_DIRECTORY | O_CLOEXEC, 0]);
  assert.deepEqual(sys.called('openat')[0], ['openat', dirfd, 'ctl', O_PATH | O_NOFOLLOW | O_CLOEXEC, 0]);
  assert.deepEqual(sys.called('open')[1], [
    'open',
    `/proc/self/fd/${ctlPath}`,
    O_RDWR | O_NONBLOCK | O_CLOEXEC,
    0,
  ]);
  assert.deepEqual(sys.called('close'), [
    ['close', ctlPath],
    ['close', winszPath],
    ['close', dirfd],
  ]);
});

test('control fifos C2: what was put in place of the fifo just made is not opened', () => {
  const sys = scriptFifos().answer('fstat', (_fd, out) => {
    out[0] = S_IFLNK | 0o777;
    return 0;
  });
  assert.throws(() => open(sys), /^FatalError: Failed to open terminal control fifo: File exists$/);
  assert.equal(sys.called('open').length, 1);
  assert.deepEqual(sys.called('close').at(-1), ['close', dirfd]);
});

test('control fifos C2: a fifo that is there is unlinked and made again; one that can not be is a FatalError', () => {
  const isFifo = (_dirfd: number, _path: string, out: Float64Array) => {
    out[0] = S_IFIFO | 0o660;
    return 0;
  };
  const sys = scriptFifos().answer('lstatat', isFifo);
  open(sys);
  assert.deepEqual(sys.called('unlinkat'), [['unlinkat', dirfd, 'ctl', 0]]);
  assert.equal(sys.called('mkfifo').length, 2);
  const stubborn = scriptFifos().answer('lstatat', isFifo).answer('unlinkat', -EACCES);
  assert.throws(() => open(stubborn), /Failed to mkfifo at \/b\/ctl: Permission denied/);
  const raced = scriptFifos().answer('mkfifo', -EEXIST);
  assert.throws(() => open(raced), /Failed to mkfifo at \/b\/ctl: File exists/);
});

test('control fifos: each step that fails is a FatalError in conmon words, and no fd stays', () => {
  const cases = [
    [scriptFifos().answer('mkfifo', 0, -ENOSPC), /^Failed to mkfifo at \/b\/winsz: No space left on device$/],
    [createScriptedSys().answer('open', -EACCES), /^Failed to mkfifo at \/b\/ctl: Permission denied$/],
    [
      createScriptedSys().always('lstatat', -ENOENT).answer('openat', -EMFILE),
      /^Failed to open terminal control fifo: Too many open files$/,
    ],
  ] as const;
  for (const [sys, message] of cases) {
    assert.throws(
      () => open(sys),
      (error: FatalError) => error instanceof FatalError && message.test(error.message),
    );
  }
  assert.deepEqual(
    cases[0][0].called('close').map(call => call[1]),
    [ctlPath, ctl, dirfd],
  );
});

test('control fifos C10: interrupted and empty reads change nothing, a line may come in two', () => {
  const { sys, reactor, seen } = open();
  for (const arrival of ['1 2', -EINTR, -EAGAIN, ' 3\n2 0 0\n']) {
    sys.arrive(ctl, arrival).events(ctl, EPOLLIN);
    turn(reactor, 0);
  }
  assert.deepEqual(seen, ['2x3', 'reopen']);
});

test('control fifos C11: a bad line is a warning', () => {
  const { sys, reactor, seen } = open();
  sys.arrive(winsz, 'x\n5 6\n').events(winsz, EPOLLIN);
  turn(reactor, 0);
  assert.deepEqual(seen, ['warning: Failed to parse window size', '5x6']);
});

test('control fifos C13: a fifo that can not be read is left alone, the other goes on', () => {
  const { sys, reactor, seen } = open();
  sys.arrive(ctl, -EIO).events(ctl, EPOLLIN);
  turn(reactor, 0);
  assert.deepEqual(seen, [`warning: Failed to read from fd ${ctl}: Input/output error`]);
  assert.ok(sys.called('epollCtl').some(([, , op, fd]) => op === EPOLL_CTL_DEL && fd === ctl));
  sys.arrive(winsz, '5 6\n').events(winsz, EPOLLIN);
  turn(reactor, 0);
  assert.equal(seen.at(-1), '5x6');
});

test('control fifos C13: one that says that it has ended, as no fifo does, is left alone too', () => {
  const { sys, reactor, seen } = open();
  sys.arrive(ctl, 0).events(ctl, EPOLLIN);
  turn(reactor, 0);
  assert.equal(seen.length, 1);
  assert.match(seen[0]!, /^warning: Failed to read from fd/);
});

test('control fifos C3: close unlinks nothing, and may be called twice', () => {
  const { sys, fifos } = open();
  fifos.close();
  fifos.close();
  assert.deepEqual(sys.called('unlink', 'unlinkat'), []);
  const forgotten = sys.called('epollCtl').filter(([, , op]) => op === EPOLL_CTL_DEL);
  assert.deepEqual(
    forgotten.map(([, , , fd]) => fd),
    [ctl, winsz],
  );
  assert.deepEqual(sys.called('close').slice(3), [
    ['close', ctl],
    ['close', winsz],
  ]);
});
