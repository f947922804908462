// What rooms may rely on, whichever Sys they are given. Each test asks the same of the running kernel and of the
// answer book; a World makes what they meet.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClockTime } from '../../src/sys/clock-time.ts';
import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
  GRND_NONBLOCK,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDONLY,
  WNOHANG,
} from '../../src/sys/constants.ts';
import { EAGAIN, ECHILD, ENOENT } from '../../src/sys/errno.ts';
import type { Sys } from '../../src/sys/sys.ts';
import { callNames, findRefused, findTaken } from '../fixtures/wrong-arguments.ts';

export interface World {
  readonly sys: Sys;
  /** A non-blocking fd with these bytes to read, at its end after them. */
  stream(content: string): number;
  /** A non-blocking SEQPACKET socket at which these packets have come. */
  packets(...packets: string[]): number;
  /** The path of a file. */
  file(content: string): string;
  /** The path of no file. */
  missing(): string;
  /** A child that ends with this status. */
  child(exitStatus: number): number;
}

export function describeSysContract(name: string, makeWorld: () => World): void {
  describe(`${name} Sys`, () => {
    it('pipe2: fills two fds, and reading the empty non-blocking one is -EAGAIN', () => {
      const { sys } = makeWorld();
      const fds = new Int32Array(2);
      assert.equal(sys.pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
      assert.ok(fds[0]! > 2 && fds[1]! > 2 && fds[0] !== fds[1]);
      assert.equal(sys.read(fds[0]!, new Uint8Array(8), 0, 8), -EAGAIN);
      for (const fd of fds) assert.equal(sys.close(fd), 0);
    });

    it('write: answers how many bytes of the range it took', () => {
      const { sys } = makeWorld();
      const fds = new Int32Array(2);
      sys.pipe2(fds, O_NONBLOCK | O_CLOEXEC);
      assert.equal(sys.write(fds[1]!, Buffer.from('xabcx'), 1, 3), 3);
      for (const fd of fds) sys.close(fd);
    });

    it('read: fills the range and no more, keeps the rest, and answers 0 at the end', () => {
      const { sys, stream } = makeWorld();
      const fd = stream('hello');
      const buf = Buffer.from('........');
      assert.equal(sys.read(fd, buf, 2, 2), 2);
      assert.equal(buf.toString(), '..he....');
      assert.equal(sys.read(fd, buf, 0, 8), 3);
      assert.equal(buf.toString(), 'lloe....');
      assert.equal(sys.read(fd, buf, 0, 8), 0);
      sys.close(fd);
    });

    it('recv: keeps packets apart, and loses what a short buffer has no room for', () => {
      const { sys, packets } = makeWorld();
      const fd = packets('one', 'three', 'x');
      const buf = Buffer.from('........');
      assert.equal(sys.recv(fd, buf, 0, 8, 0), 3);
      assert.equal(sys.recv(fd, buf, 4, 2, 0), 2);
      assert.equal(buf.toString(), 'one.th..');
      assert.equal(sys.recv(fd, buf, 0, 8, 0), 1);
      assert.equal(sys.recv(fd, buf, 0, 8, 0), -EAGAIN);
      sys.close(fd);
    });

    it('recvFd: says -1 where data came without an fd', () => {
      const { sys, packets } = makeWorld();
      const fd = packets('one');
      const buf = Buffer.from('........');
      const out = Int32Array.of(99);
      assert.equal(sys.recvFd(fd, buf, out), 3);
      assert.equal(buf.toString(), 'one.....');
      assert.equal(out[0], -1);
      sys.close(fd);
    });

    it('open: a file reads to its end, each opening from its start', () => {
      const { sys, file } = makeWorld();
      const path = file('text');
      const buf = new Uint8Array(8);
      for (const fd of [sys.open(path, O_RDONLY | O_CLOEXEC, 0), sys.open(path, O_RDONLY | O_CLOEXEC, 0)]) {
        assert.equal(sys.read(fd, buf, 0, 8), 4);
        assert.equal(sys.read(fd, buf, 0, 8), 0);
        sys.close(fd);
      }
    });

    it('open: a missing file is -ENOENT', () => {
      const { sys, missing } = makeWorld();
      assert.equal(sys.open(missing(), O_RDONLY | O_CLOEXEC, 0), -ENOENT);
    });

    it('waitpid: gives the child and its wait status once, then -ECHILD', () => {
      const { sys, child } = makeWorld();
      const status = Int32Array.of(-1);
      const pid = child(3);
      assert.equal(sys.waitpid(pid, status, 0), pid);
      assert.equal(status[0], 3 << 8);
      assert.equal(sys.waitpid(-1, status, WNOHANG), -ECHILD);
    });

    it('epollWait: reports what is watched for, as pairs of fd and events, and nothing after removal', () => {
      const { sys, stream } = makeWorld();
      const fd = stream('x');
      const epfd = sys.epollCreate();
      const out = new Int32Array(8);
      assert.equal(sys.epollWait(epfd, out, 0), 0);
      assert.equal(sys.epollCtl(epfd, EPOLL_CTL_ADD, fd, EPOLLOUT), 0);
      assert.equal(sys.epollCtl(epfd, EPOLL_CTL_MOD, fd, EPOLLIN), 0);
      assert.equal(sys.epollWait(epfd, out, 1000), 1);
      assert.equal(out[0], fd);
      assert.equal(out[1]! & (EPOLLIN | EPOLLOUT), EPOLLIN);
      assert.equal(sys.epollCtl(epfd, EPOLL_CTL_DEL, fd, 0), 0);
      assert.equal(sys.epollWait(epfd, out, 0), 0);
      sys.close(fd);
      sys.close(epfd);
    });

    it('epollWait: a timeout lets the monotonic clock pass that far', () => {
      const { sys } = makeWorld();
      const epfd = sys.epollCreate();
      const before = readClock(sys, CLOCK_MONOTONIC);
      assert.equal(sys.epollWait(epfd, new Int32Array(2), 20), 0);
      assert.ok(readClock(sys, CLOCK_MONOTONIC) - before >= 0.0199);
      sys.close(epfd);
    });

    it('clockGettime: whole seconds, and nanoseconds below one second', () => {
      const { sys } = makeWorld();
      const out = new ClockTime();
      assert.equal(sys.clockGettime(CLOCK_REALTIME, out), 0);
      assert.ok(Number.isInteger(out[0]) && out[0]! > 1_600_000_000);
      assert.ok(Number.isInteger(out[1]) && out[1]! >= 0 && out[1]! < 1e9);
    });

    it('localtime: its fields less its offset are the given second', () => {
      const { sys } = makeWorld();
      const out = new Int32Array(7);
      for (const seconds of [0, 951_782_399, 1_700_000_000, 4_102_444_800]) {
        assert.equal(sys.localtime(seconds, out), 0);
        const [year, month, day, hour, minute, second, offset] = out;
        assert.equal(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) / 1000 - offset!, seconds);
      }
    });

    it('getrandom: fills the buffer, otherwise each time', () => {
      const { sys } = makeWorld();
      const [one, other] = [new Uint8Array(16), new Uint8Array(16)];
      assert.equal(sys.getrandom(one, GRND_NONBLOCK), 16);
      assert.equal(sys.getrandom(other, 0), 16);
      assert.notDeepEqual(one, other);
      assert.notDeepEqual(one, new Uint8Array(16));
    });

    it('getcwd: an absolute path and its NUL, whose length is the answer', () => {
      const { sys } = makeWorld();
      const buf = new Uint8Array(4096).fill(0xff);
      const length = sys.getcwd(buf);
      assert.equal(buf[0], 0x2f);
      assert.equal(buf.indexOf(0), length - 1);
      assert.equal(buf[length], 0xff);
    });

    for (const name of callNames) {
      it(`${name}: a number that its C type does not hold, or another type, is a TypeError`, () => {
        assert.deepEqual(findTaken(makeWorld().sys, name), []);
      });

      it(`${name}: each number that its C type holds is for the kernel to judge`, () => {
        const { sys } = makeWorld();
        const mask = sys.umask(0o022);
        assert.deepEqual(findRefused(sys, name), []);
        sys.umask(mask);
      });
    }

    it('umask: answers the mask that was', () => {
      const { sys } = makeWorld();
      sys.umask(0o022);
      assert.equal(sys.umask(0o022), 0o022);
    });
  });
}

function readClock(sys: Sys, clock: number): number {
  const out = new ClockTime();
  sys.clockGettime(clock, out);
  return out[0]! + out[1]! / 1e9;
}
