import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headRoomBytes, type LogDriver } from '../../src/logs/driver.ts';
import { openJournald } from '../../src/logs/journald.ts';
import type { JournaldOptions } from '../../src/logs/journald-fields.ts';
import type { StreamName } from '../../src/stream-name.ts';
import {
  EPOLLOUT,
  F_ADD_SEALS,
  F_SEAL_ALL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINTR,
  EMFILE,
  EMSGSIZE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  ENOSPC,
  ENOTCONN,
  EPIPE,
} from '../../src/sys/errno.ts';
import { FatalError } from '../../src/sys/errors.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { decodeEntry } from '../unit/journald/decode-entry.ts';

const options: JournaldOptions = {
  cid: '0123456789abcdef0123',
  name: 'web',
  logTag: undefined,
  logLabel: [],
  noContainerPartialMessage: false,
};
/** Scripted fds are counted from 100, and the socket is opened first. */
const socketFd = 100;
const journalPath = '/run/systemd/journal/socket';

interface Opened {
  readonly sys: ScriptedSys;
  readonly driver: LogDriver;
  readonly warnings: string[];
  print(text: string, stream?: StreamName): void;
  /** The entries that went out, each as an object of its fields. */
  entries(): Record<string, string>[];
}

function open(sys = createScriptedSys(), more: Partial<JournaldOptions> = {}): Opened {
  const warnings: string[] = [];
  const driver = openJournald(sys, { ...options, ...more }, message => warnings.push(message));
  return {
    sys,
    driver,
    warnings,
    print(text, stream = 'stdout') {
      const bytes = Buffer.from(text);
      const buf = Buffer.concat([Buffer.alloc(headRoomBytes), bytes]);
      driver.write(stream, buf, headRoomBytes, buf.length);
    },
    entries: () => sys.sent(socketFd).map(datagram => Object.fromEntries(decodeEntry(datagram))),
  };
}

test('J1 journald: an entry has the container’s fields, the priority and the line', () => {
  const { print, entries } = open();
  print('hello\n');
  assert.deepEqual(entries(), [
    {
      CONTAINER_ID_FULL: '0123456789abcdef0123',
      CONTAINER_ID: '0123456789ab',
      SYSLOG_IDENTIFIER: 'web',
      CONTAINER_NAME: 'web',
      PRIORITY: '6',
      MESSAGE: 'hello\n',
    },
  ]);
});

test('J1 journald: one datagram a line, to the journal’s socket, without waiting', () => {
  const { sys, print } = open();
  print('a\nb\nc\n');
  assert.deepEqual(sys.called('socket'), [['socket', SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK]]);
  assert.deepEqual(sys.called('connect'), [['connect', socketFd, journalPath]]);
  assert.deepEqual(
    sys.called('send').map(([, fd, , flags]) => [fd, flags]),
    [
      [socketFd, 0x4040],
      [socketFd, 0x4040],
      [socketFd, 0x4040],
    ],
  );
});

test('J3 journald: every byte of a line arrives', () => {
  const { sys, driver } = open();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)); // a newline among them
  const buf = Buffer.concat([Buffer.alloc(headRoomBytes), bytes]);
  driver.write('stdout', buf, headRoomBytes, buf.length);
  driver.end('stdout');
  const text = sys
    .sent(socketFd)
    .map(datagram => decodeEntry(datagram, 'latin1').find(([name]) => name === 'MESSAGE')?.[1])
    .join('');
  assert.equal(text, bytes.toString('latin1'));
});

test('J4 journald: a pause does not end a line, and the streams do not mix', () => {
  const { driver, print, entries } = open();
  print('one ');
  driver.pause('stdout');
  print('error\n', 'stderr');
  print('line\n');
  assert.deepEqual(
    entries().map(entry => [entry['PRIORITY'], entry['MESSAGE'], entry['CONTAINER_PARTIAL_MESSAGE']]),
    [
      ['3', 'error\n', undefined],
      ['6', 'one line\n', undefined],
    ],
  );
});

test('J5 journald: all but the last piece of a long line are marked partial', () => {
  const { print, entries } = open();
  print(`${'x'.repeat(20_000)}\n`);
  assert.deepEqual(
    entries().map(entry => [entry['MESSAGE']?.length, entry['CONTAINER_PARTIAL_MESSAGE']]),
    [
      [8192, 'true'],
      [8192, 'true'],
      [3617, undefined],
    ],
  );
});

test('J6 journald: an unfinished line goes out at the end of its stream, as partial', () => {
  const { driver, print, entries } = open();
  print('out');
  print('err', 'stderr');
  driver.end('stderr');
  assert.deepEqual(
    entries().map(entry => [entry['MESSAGE'], entry['CONTAINER_PARTIAL_MESSAGE']]),
    [['err', 'true']],
  );
  driver.end('stdout');
  assert.equal(entries()[1]?.['MESSAGE'], 'out');
});

test('J7 journald: --no-container-partial-message leaves the mark out, and the cut in', () => {
  const { print, entries } = open(createScriptedSys(), { noContainerPartialMessage: true });
  print(`${'x'.repeat(8193)}\n`);
  assert.deepEqual(
    entries().map(entry => [entry['MESSAGE']?.length, 'CONTAINER_PARTIAL_MESSAGE' in entry]),
    [
      [8192, false],
      [2, false],
    ],
  );
});

test('J8 journald: by default priorities are 6 and 3, and a prefix stays in the text', () => {
  const { print, entries } = open();
  print('<4>a\n<0>b\n');
  print('<7>c\n', 'stderr');
  assert.deepEqual(
    entries().map(entry => [entry['PRIORITY'], entry['MESSAGE']]),
    [
      ['6', '<4>a\n'],
      ['6', '<0>b\n'],
      ['3', '<7>c\n'],
    ],
  );
});

test('J9 journald: with prefix, <N> is the line’s priority and leaves its text', () => {
  const { print, entries } = open(createScriptedSys(), { journaldPriority: 'prefix' });
  print('<4>a\nplain\n<9>b\n<0>\n x<5>c\n');
  print('<7>d\nplain\n', 'stderr');
  assert.deepEqual(
    entries().map(entry => [entry['PRIORITY'], entry['MESSAGE']]),
    [
      ['4', 'a\n'],
      ['6', 'plain\n'],
      ['6', '<9>b\n'],
      ['0', '\n'],
      ['6', ' x<5>c\n'],
      ['7', 'd\n'],
      ['3', 'plain\n'],
    ],
  );
});

test('J9 journald: a prefix counts however it was read, and for all pieces of its line only', () => {
  const { driver, print, entries } = open(createScriptedSys(), { journaldPriority: 'prefix' });
  for (const part of ['<', '2', '>', 'split', '\n']) print(part);
  print(`<4>${'x'.repeat(8189)}<1>y\nplain\n<5>tail`);
  driver.end('stdout');
  assert.deepEqual(
    entries().map(entry => [entry['PRIORITY'], entry['MESSAGE']?.replace(/x+/, 'x')]),
    [
      ['2', 'split\n'],
      ['4', 'x'],
      ['4', '<1>y\n'],
      ['6', 'plain\n'],
      ['5', 'tail'],
    ],
  );
});

test('J12 journald: a line cannot make a field of its entry', () => {
  const { driver, print, entries } = open();
  print('a\nPRIORITY=0\nCONTAINER_ID=other\n');
  driver.end('stdout');
  assert.deepEqual(
    entries().map(entry => [entry['PRIORITY'], entry['CONTAINER_ID'], entry['MESSAGE']]),
    ['a\n', 'PRIORITY=0\n', 'CONTAINER_ID=other\n'].map(text => ['6', '0123456789ab', text]),
  );
});

test('J13 journald: an entry too large for a datagram goes as a sealed memfd', () => {
  for (const tooLarge of [-EMSGSIZE, -ENOBUFS, -ENOMEM]) {
    const { sys, print, warnings } = open(createScriptedSys().answer('send', tooLarge), {
      logLabel: [`L=${'v'.repeat(300_000)}`],
    });
    print('hello\n');
    const memfd = 101;
    const entry = Object.fromEntries(decodeEntry(sys.written(memfd)));
    assert.equal(entry['MESSAGE'], 'hello\n');
    assert.equal(entry['L']?.length, 300_000);
    assert.deepEqual(
      sys.calls.slice(-5).map(([name]) => name),
      ['memfdCreate', 'write', 'fcntl', 'sendFdTo', 'close'],
    );
    assert.deepEqual(sys.called('fcntl'), [['fcntl', memfd, F_ADD_SEALS, F_SEAL_ALL]]);
    assert.deepEqual(sys.called('sendFdTo'), [['sendFdTo', socketFd, memfd, 0x4040, journalPath]]);
    assert.deepEqual(sys.called('close'), [['close', memfd]]);
    assert.deepEqual(warnings, []);
  }
});

test('J13 journald: a memfd written in parts is whole; one that cannot be made is a lost entry', () => {
  const parts = open(createScriptedSys().answer('send', -EMSGSIZE).answer('write', 10, -EINTR, 7));
  parts.print('hello\n');
  assert.equal(Object.fromEntries(decodeEntry(parts.sys.written(101)))['MESSAGE'], 'hello\n');

  const failures: ((sys: ScriptedSys) => void)[] = [
    sys => sys.answer('memfdCreate', -EMFILE),
    sys => sys.answer('write', -ENOSPC),
    sys => sys.answer('fcntl', -EACCES),
    sys => sys.answer('sendFdTo', -EACCES),
  ];
  for (const fail of failures) {
    const sys = createScriptedSys().answer('send', -EMSGSIZE);
    fail(sys);
    const { driver, print, warnings } = open(sys);
    print('hello\n');
    assert.equal(warnings.length, 1);
    driver.close();
    assert.match(warnings[1]!, /1 entry/);
    const opened = sys.called('memfdCreate').length;
    assert.ok(sys.called('close').length >= opened, 'no memfd is left open');
  }
});

test('J14 journald: a full journal is waited for behind an entry that went as a memfd, too', () => {
  const sys = createScriptedSys().answer('send', -EMSGSIZE, -EAGAIN).events(socketFd, EPOLLOUT);
  const { print, entries, warnings } = open(sys);
  print('large\nb\n');
  assert.deepEqual(
    entries().map(entry => entry['MESSAGE']),
    ['b\n'],
  );
  assert.equal(sys.called('epollWait').length, 1);
  assert.deepEqual(warnings, []);
});

test('J14 journald: a full journal is waited for, and nothing is lost once it has room', () => {
  const sys = createScriptedSys().answer('send', -EAGAIN, -EAGAIN).events(socketFd, EPOLLOUT);
  sys.answer('epollWait', -EINTR);
  const { print, entries, warnings } = open(sys);
  print('a\nb\n');
  assert.deepEqual(
    entries().map(entry => entry['MESSAGE']),
    ['a\n', 'b\n'],
  );
  assert.deepEqual(warnings, []);
});

test('J14 journald: a journal that stays full is waited for 2 s once, then entries are counted', () => {
  const sys = createScriptedSys().always('send', -EAGAIN);
  const { driver, print, warnings } = open(sys);
  print('a\nb\nc\n');
  print('d\n', 'stderr');
  assert.deepEqual(
    sys.called('epollWait').map(([, , timeout]) => timeout),
    [2000],
  );
  assert.deepEqual(warnings, [
    'Failed to send to journald, entries are lost until it is back: Resource temporarily unavailable',
  ]);
  driver.close();
  assert.equal(warnings[1], 'Failed to send 4 entries to journald');
});

test('J14 journald: room that others take first does not make the wait longer than 2 s', () => {
  const sys = createScriptedSys()
    .always('send', -EAGAIN)
    .always('epollWait', (_epfd, out) => {
      sys.advance(300);
      out.set([socketFd, EPOLLOUT]);
      return 1;
    });
  const { print, warnings } = open(sys);
  const before = sys.monotonic[0];
  print('a\n');
  assert.equal(warnings.length, 1);
  assert.ok(sys.monotonic[0] - before <= 2);
});

test('J14 journald: when it takes entries again, what was lost is said, and the next full queue is waited for', () => {
  const sys = createScriptedSys().answer('send', -EAGAIN, -EAGAIN, 200, -EAGAIN);
  const { print, warnings } = open(sys);
  print('a\nb\nc\n');
  assert.equal(warnings[1], 'journald is back, 2 entries had been lost');
  print('d\n');
  assert.equal(sys.called('epollWait').length, 2);
});

test('J15 journald: one that is not there is not waited for, and found when it comes', () => {
  const sys = createScriptedSys().answer('connect', -ENOENT, -ECONNREFUSED, -ECONNREFUSED);
  const { driver, print, entries, warnings } = open(sys);
  print('a\nb\n');
  assert.deepEqual(sys.called('epollWait', 'send'), []);
  print('c\nd\n');
  driver.close();
  assert.deepEqual(
    entries().map(entry => entry['MESSAGE']),
    ['c\n', 'd\n'],
  );
  assert.deepEqual(warnings, [
    'Failed to send to journald, entries are lost until it is back: No such file or directory',
    'journald is back, 2 entries had been lost',
  ]);
});

test('J15 journald: one that was started anew gets the entry that found the old one gone', () => {
  for (const gone of [-ECONNREFUSED, -ENOTCONN, -ECONNRESET, -EPIPE]) {
    const { sys, print, entries, warnings } = open(createScriptedSys().answer('send', gone));
    print('a\n');
    assert.deepEqual(
      entries().map(entry => entry['MESSAGE']),
      ['a\n'],
    );
    assert.equal(sys.called('connect').length, 2);
    assert.deepEqual(warnings, []);
  }
});

test('J15 journald: an error of any other kind costs its entry only', () => {
  const { print, entries, warnings } = open(createScriptedSys().answer('send', -EACCES));
  print('a\nb\n');
  assert.deepEqual(
    entries().map(entry => entry['MESSAGE']),
    ['b\n'],
  );
  assert.equal(warnings.length, 2);
});

test('J15 journald: without an fd for its socket there is no driver', () => {
  assert.throws(
    () => openJournald(createScriptedSys().answer('socket', -EMFILE), options, () => {}),
    FatalError,
  );
});

test('J16 journald: reopen, sync and pause make no call, and close leaves no fd', () => {
  const sys = createScriptedSys().answer('send', -EAGAIN);
  const { driver, print } = open(sys);
  print('a\n');
  const before = sys.calls.length;
  driver.reopen();
  driver.sync();
  driver.pause('stdout');
  assert.equal(sys.calls.length, before);
  driver.close();
  assert.deepEqual(sys.called('close'), [
    ['close', 101],
    ['close', socketFd],
  ]);
});
