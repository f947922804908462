import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageOptions } from '../../src/messages/messages.ts';
import { openMessages, sayUsageError } from '../../src/messages/messages.ts';
import { EPOLLOUT } from '../../src/sys/constants.ts';
import { EAGAIN, EBADF, ECONNREFUSED, EMFILE, ENOENT, EPERM, EPIPE } from '../../src/sys/errno.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';

const options: MessageOptions = { level: 'warn', syslog: true, cid: 'abcdefabcdefabcdefabcdef' };
/** Scripted fds are counted from 100: stderr's epoll, then the socket to syslog. */
const syslogFd = 101;

/** A system where stderr is a pipe with room. */
function withStderr(sys = createScriptedSys()): ScriptedSys {
  return sys.always('epollWait', (_epfd, out) => {
    out.set([2, EPOLLOUT]);
    return 1;
  });
}

test('M1 messages: stderr gets each message in one write', () => {
  const sys = withStderr();
  const messages = openMessages(sys, { ...options, syslog: false });
  messages.warn('careful');
  messages.error('too late');
  assert.deepEqual(sys.sent(2).map(String), ['[conmon:w]: careful\n', '[conmon:e]: too late\n']);
});

test('M2 messages: a usage error goes to stderr only and keeps no fd', () => {
  const sys = withStderr();
  sayUsageError(sys, 'Container ID not provided. Use --cid');
  assert.equal(String(sys.written(2)), 'conmon: Container ID not provided. Use --cid\n');
  assert.deepEqual(sys.called('close'), [['close', 100]]);
});

test('M3 messages: what is below the level makes no call at all', () => {
  const sys = withStderr();
  const messages = openMessages(sys, options);
  messages.info('one');
  messages.debug('two');
  assert.deepEqual(sys.calls, []);
});

test('M4 messages: --syslog sends the same to /dev/log, without waiting, in local time', () => {
  const sys = withStderr();
  sys.realtime[0] = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
  sys.utcOffsetSeconds = 3600;
  openMessages(sys, options).warn('careful');
  const [[, fd, datagram, flags, path] = []] = sys.called('sendto');
  assert.equal(fd, syslogFd);
  assert.equal(
    String(datagram),
    '<14>Jan  2 04:04:05 conmon: conmon abcdefabcdefabcdefab <nwarn>: careful\n',
  );
  assert.equal(flags, 0x4040); // MSG_DONTWAIT | MSG_NOSIGNAL
  assert.equal(path, '/dev/log');
});

test('M4 messages: the tag stands behind a short ID', () => {
  const sys = withStderr();
  openMessages(sys, { ...options, cid: 'ab', tag: 'web' }).error('x');
  assert.match(String(sys.sent(syslogFd)[0]), /conmon ab: web <error>: x\n$/);
});

test('M4 messages: without --syslog no socket is made', () => {
  const sys = withStderr();
  openMessages(sys, { ...options, syslog: false }).error('x');
  assert.deepEqual(sys.called('socket', 'sendto'), []);
});

test('M5 messages: a newline in a message makes no second line on either way', () => {
  const sys = withStderr();
  openMessages(sys, options).warn('runtime: a\n[conmon:e]: forged\n<11>forged');
  for (const fd of [2, syslogFd])
    assert.equal(String(sys.written(fd)).indexOf('\n'), sys.written(fd).length - 1);
});

test('M6 messages: one of 10,000 characters is cut to 4096 bytes on either way', () => {
  const sys = withStderr();
  openMessages(sys, options).warn('x'.repeat(10_000));
  for (const fd of [2, syslogFd]) {
    assert.equal(sys.written(fd).length, 4096);
    assert.match(String(sys.written(fd)), /x\.\.\.\n$/);
  }
});

test('M7 messages: a stderr that is not read is waited for once, then messages to it are dropped', () => {
  const sys = createScriptedSys();
  const messages = openMessages(sys, options);
  for (let i = 0; i < 5; i++) messages.warn('x');
  assert.deepEqual(sys.sent(2), []);
  assert.equal(sys.sent(syslogFd).length, 5);
  const timeouts = sys.called('epollWait').map(([, , timeout]) => timeout);
  assert.deepEqual(timeouts, [500, 0, 0, 0, 0]);
});

test('M7 messages: a stderr that is read again gets the next message', () => {
  const sys = createScriptedSys();
  const messages = openMessages(sys, { ...options, syslog: false });
  messages.warn('lost');
  sys.events(2, EPOLLOUT);
  messages.warn('heard');
  assert.equal(String(sys.written(2)), '[conmon:w]: heard\n');
});

test('M7 messages: a file as stderr, which cannot be waited for, is written at once', () => {
  const sys = createScriptedSys().answer('epollCtl', -EPERM);
  const messages = openMessages(sys, { ...options, syslog: false });
  messages.warn('a');
  messages.warn('b');
  assert.equal(String(sys.written(2)), '[conmon:w]: a\n[conmon:w]: b\n');
  assert.deepEqual(sys.called('close'), [['close', 100]]);
  assert.deepEqual(sys.called('epollWait'), []);
});

test('M7 messages: a short write goes on where it stopped, while there is room', () => {
  const sys = withStderr().answer('write', 5);
  openMessages(sys, { ...options, syslog: false }).warn('careful');
  assert.deepEqual(sys.sent(2).map(String), ['[conm', 'on:w]: careful\n']);
});

test('M7 messages: a stderr that is closed, broken or full harms nothing', () => {
  for (const answer of [-EPIPE, -EAGAIN, -EBADF, 0]) {
    const sys = withStderr().always('write', answer);
    openMessages(sys, options).warn('x');
    assert.equal(sys.called('write').length, 1);
    assert.equal(sys.sent(syslogFd).length, 1);
  }
});

test('M7 messages: without a stderr nothing is written to it', () => {
  const sys = createScriptedSys().answer('epollCtl', -EBADF);
  openMessages(sys, options).warn('x');
  assert.deepEqual(sys.called('write'), []);
  assert.equal(sys.called('sendto').length, 1);
});

test('M7 messages: out of fds, a message is written without asking for room', () => {
  const sys = createScriptedSys().answer('epollCreate', -EMFILE);
  openMessages(sys, options).warn('x');
  assert.equal(sys.called('write').length, 1);
});

test('M8 messages: /dev/log that is absent, full or gone harms nothing, and the next message tries again', () => {
  for (const answer of [-ENOENT, -EAGAIN, -ECONNREFUSED]) {
    const sys = withStderr().answer('sendto', answer);
    const messages = openMessages(sys, options);
    messages.warn('lost');
    messages.warn('heard');
    assert.equal(sys.called('socket').length, 1);
    assert.match(String(sys.written(syslogFd)), /: heard\n$/);
    assert.doesNotMatch(String(sys.written(syslogFd)), /lost/);
  }
});

test('M8 messages: without an fd for the socket the message is dropped, and the next one tries again', () => {
  const sys = withStderr().answer('socket', -EMFILE);
  const messages = openMessages(sys, options);
  messages.warn('lost');
  messages.warn('heard');
  assert.match(String(sys.called('sendto')[0]?.[2]), /: heard\n$/);
});

test('M9 messages: after stderr was let go of, messages go to syslog only', () => {
  const sys = withStderr();
  const messages = openMessages(sys, options);
  messages.warn('before');
  messages.detachStderr();
  messages.warn('after');
  assert.equal(String(sys.written(2)), '[conmon:w]: before\n');
  assert.equal(sys.sent(syslogFd).length, 2);
  assert.deepEqual(sys.called('close'), [['close', 100]]);
});

test('M10 messages: no fd is taken before the first message', () => {
  const sys = withStderr();
  const messages = openMessages(sys, options);
  assert.deepEqual(sys.calls, []);
  messages.warn('x');
  assert.equal(sys.called('epollCreate', 'socket').length, 2);
});
