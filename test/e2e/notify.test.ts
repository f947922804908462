// The sd_notify relay over the real kernel: real sockets, folders and fds.

import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openNotifyRelay } from '../../src/notify/notify-relay.ts';
import { MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM } from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';
import { turn } from '../fixtures/turn.ts';

/** A bundle, a service manager's socket at `hostAddress` in it, the relay between them, and a container's socket. */
function open(t: TestContext, { hostAddress = 'host.sock', prepare = (_folder: string) => {} } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'notify-'));
  const bundle = join(root, 'a-long-name-for-a-folder'.repeat(8)); // beyond what an address holds
  const folder = join(bundle, 'notify');
  mkdirSync(folder, { recursive: true });
  prepare(folder);
  const isAbstract = hostAddress.startsWith('@');
  const hostFd = sys.socket(SOCK_DGRAM | SOCK_CLOEXEC);
  const hostPath = join(root, hostAddress);
  assert.equal(sys.bind(hostFd, isAbstract ? `\0${hostAddress.slice(1)}` : hostPath), 0);
  const containerFd = sys.socket(SOCK_DGRAM | SOCK_CLOEXEC);
  const folderFd = sys.open(folder, 0o10000000, 0);
  const reactor = new Reactor(sys);
  const warnings: string[] = [];
  const relay = openNotifyRelay(
    sys,
    reactor,
    { bundle, socket: isAbstract ? hostAddress : hostPath },
    message => warnings.push(message),
  );
  t.after(() => {
    relay.close();
    for (const fd of [hostFd, containerFd, folderFd]) sys.close(fd);
    rmSync(root, { recursive: true });
  });
  const to = `/proc/self/fd/${folderFd}/notify.sock`;
  return {
    folder,
    reactor,
    warnings,
    send(message: string | Buffer) {
      const bytes = Buffer.from(message);
      assert.equal(sys.sendto(containerFd, bytes, 0, bytes.length, MSG_DONTWAIT, to), bytes.length);
    },
    sendFd: (fd: number) => assert.equal(sys.sendFdTo(containerFd, fd, MSG_DONTWAIT, to), 0),
    receive() {
      const buf = Buffer.alloc(100_000);
      const length = sys.recv(hostFd, buf, 0, buf.length, MSG_DONTWAIT);
      return length === -EAGAIN ? undefined : buf.subarray(0, length).toString();
    },
  };
}

test('N1 notify, real: the socket of a bundle with a long path is there for everybody', t => {
  const { folder } = open(t);
  assert.equal(statSync(join(folder, 'notify.sock')).mode & 0o777, 0o777);
});

test('N1 notify, real: what a container left at the socket’s name is replaced, not followed', t => {
  const { folder, send, receive, reactor } = open(t, {
    prepare(folder) {
      writeFileSync(join(folder, 'precious'), 'content', { mode: 0o600 });
      symlinkSync('precious', join(folder, 'notify.sock'));
    },
  });
  assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'content');
  assert.equal(statSync(join(folder, 'precious')).mode & 0o777, 0o600);
  send('READY=1');
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1');
});

test('N2 notify, real: messages reach the service manager, filtered', t => {
  const { send, receive, reactor } = open(t);
  send('MAINPID=1\nREADY=1\nSTATUS=up\n');
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1\nSTATUS=up');
  assert.equal(receive(), undefined);
});

test('N5 notify, real: of a message of 50,000 bytes the whole lines at its front pass', t => {
  const { send, receive, reactor } = open(t);
  send(`READY=1\nSTATUS=${'x'.repeat(50_000)}`);
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1');
});

test('N6 notify, real: an fd that comes along leaves no fd here', t => {
  const { sendFd, send, receive, reactor } = open(t);
  const before = readdirSync('/proc/self/fd').length;
  sendFd(0);
  send('READY=1');
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1');
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('N7 notify, real: the relay goes on after an empty message', t => {
  const { send, receive, reactor } = open(t);
  send('');
  turn(reactor, 1000);
  send('READY=1');
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1');
});

test('N8 notify, real: a message that finds the service manager’s queue full arrives when there is room', t => {
  const { send, receive, reactor, warnings } = open(t);
  const queue = Number(readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'utf8')) + 1;
  for (let i = 0; i < queue; i++) {
    send(`STATUS=${i}`);
    turn(reactor, 1000);
  }
  send('READY=1');
  turn(reactor, 1000); // finds no room
  for (let i = 0; i < queue; i++) assert.equal(receive(), `STATUS=${i}`);
  assert.equal(receive(), undefined);
  turn(reactor, 1000); // until it is tried again
  assert.equal(receive(), 'READY=1');
  assert.deepEqual(warnings, []);
});

test('N10 notify, real: an abstract address of the service manager is reached', t => {
  const { send, receive, reactor } = open(t, { hostAddress: `@conmon-ts-test-${process.pid}` });
  send('READY=1');
  turn(reactor, 1000);
  assert.equal(receive(), 'READY=1');
});
