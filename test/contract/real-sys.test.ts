import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import * as c from '../../src/sys/constants.ts';
import * as e from '../../src/sys/errno.ts';
import { FileStat } from '../../src/sys/file-stat.ts';
import { sys as kernel } from '../../src/sys/real.ts';
import type { SpawnPlan, Sys } from '../../src/sys/sys.ts';
import { describeSysContract, type World } from './sys-contract.ts';

const dir = mkdtempSync(join(tmpdir(), 'conmon-sys-'));
let paths = 0;
const newPath = (): string => join(dir, `p${paths++}`);

const covered = new Set<string>();
const sys = new Proxy(kernel, {
  get: (target, name) => {
    covered.add(String(name));
    return target[name as keyof Sys];
  },
});

after(() => rmSync(dir, { recursive: true }));

describeSysContract('real', makeRealWorld);

describe('real Sys: files', () => {
  it('open: mode under the umask, O_EXCL on what is there is -EEXIST', () => {
    const path = newPath();
    sys.umask(0o022);
    const fd = sys.open(path, c.O_WRONLY | c.O_CREAT | c.O_EXCL | c.O_CLOEXEC, 0o666);
    assert.ok(fd > 2);
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.equal(sys.open(path, c.O_WRONLY | c.O_CREAT | c.O_EXCL, 0o666), -e.EEXIST);
    assert.equal(sys.close(fd), 0);
    assert.equal(sys.close(fd), -e.EBADF);
  });

  it('open: O_EXCL does not follow a symlink', () => {
    const path = newPath();
    symlinkSync(newPath(), path);
    assert.equal(sys.open(path, c.O_WRONLY | c.O_CREAT | c.O_EXCL, 0o666), -e.EEXIST);
  });

  it('paths: one with a NUL in it is -EINVAL, one too long is -ENAMETOOLONG', () => {
    assert.equal(sys.open('/dev/null\0x', c.O_RDONLY, 0), -e.EINVAL);
    assert.equal(sys.open(`/${'x'.repeat(5000)}`, c.O_RDONLY, 0), -e.ENAMETOOLONG);
  });

  it('paths: UTF-8 names arrive as they are', () => {
    const path = join(dir, 'ünï–✓');
    sys.close(sys.open(path, c.O_WRONLY | c.O_CREAT, 0o600));
    assert.ok(statSync(path).isFile());
  });

  it('openat, renameat, unlinkat, lstatat: relative to a directory fd', () => {
    const path = newPath();
    mkdirSync(path);
    const dirfd = sys.open(path, c.O_PATH | c.O_CLOEXEC, 0);
    const fd = sys.openat(dirfd, 'a', c.O_WRONLY | c.O_CREAT | c.O_CLOEXEC, 0o600);
    assert.equal(sys.write(fd, Buffer.from('12345'), 0, 5), 5);
    assert.equal(sys.renameat(dirfd, 'a', dirfd, 'b'), 0);
    const out = new FileStat();
    assert.equal(sys.lstatat(dirfd, 'b', out), 0);
    const stat = statSync(join(path, 'b'), { bigint: true });
    const halves = (number: bigint) => [number & 0xffffffffn, number >> 32n].map(Number);
    const [[dev, devUpper], [ino, inoUpper]] = [halves(stat.dev), halves(stat.ino)];
    const [mode, uid, gid] = [stat.mode, stat.uid, stat.gid].map(Number);
    assert.deepEqual([...out], [mode, uid, gid, 5, dev, ino, 1, devUpper, inoUpper]);
    assert.equal(sys.unlinkat(dirfd, 'b', 0), 0);
    assert.equal(sys.lstatat(dirfd, 'b', out), -e.ENOENT);
    sys.close(fd);
    sys.close(dirfd);
    rmdirSync(path);
  });

  it('getcwd: the directory that we are in; -ERANGE where there is no room for its NUL', () => {
    const path = Buffer.from(process.cwd());
    const buf = Buffer.alloc(path.length + 1, 0xff);
    assert.equal(sys.getcwd(buf), path.length + 1);
    assert.deepEqual(buf, Buffer.concat([path, Buffer.alloc(1)]));
    assert.equal(sys.getcwd(buf.subarray(1)), -e.ERANGE);
  });

  it('getcwd: one that has been removed is -ENOENT', () => {
    const path = newPath();
    const gone = runElsewhere(
      `const fs = process.getBuiltinModule('node:fs'); process.chdir('${dir}');
       fs.mkdirSync('${path}'); process.chdir('${path}'); fs.rmdirSync('${path}');
       console.log(sys.getcwd(new Uint8Array(4096)));`,
    );
    assert.equal(gone.stdout, `${-e.ENOENT}\n`);
  });

  it('fstat, ftruncate, fchmod, fsync: act on the open file', () => {
    const path = newPath();
    const fd = sys.open(path, c.O_RDWR | c.O_CREAT | c.O_CLOEXEC, 0o600);
    assert.equal(sys.ftruncate(fd, 10), 0);
    assert.equal(sys.fchmod(fd, 0o640), 0);
    assert.equal(sys.fsync(fd), 0);
    const out = new FileStat();
    assert.equal(sys.fstat(fd, out), 0);
    assert.equal(out.mode, c.S_IFREG | 0o640);
    assert.equal(out.size, 10);
    sys.close(fd);
  });

  it('lstatat: sees the symlink, not its target', () => {
    const path = newPath();
    assert.equal(sys.symlink('/nowhere', path), 0);
    const out = new FileStat();
    assert.equal(sys.lstatat(c.AT_FDCWD, path, out), 0);
    assert.equal(out.type, c.S_IFLNK);
    assert.equal(sys.unlink(path), 0);
  });

  it('rename: puts a file in the place of another', () => {
    const [from, to] = [newPath(), newPath()];
    writeFileSync(from, 'new');
    writeFileSync(to, 'old');
    assert.equal(sys.rename(from, to), 0);
    assert.equal(readFileSync(to, 'utf8'), 'new');
  });

  it('access: 0 where it may, -errno where not', () => {
    assert.equal(sys.access('/bin/sh', c.X_OK), 0);
    assert.equal(sys.access(newPath(), c.X_OK), -e.ENOENT);
  });

  it('mkfifo: a fifo whose reader does not wait for a writer', () => {
    const path = newPath();
    assert.equal(sys.mkfifo(path, 0o600), 0);
    assert.equal(sys.open(path, c.O_WRONLY | c.O_NONBLOCK, 0), -e.ENXIO);
    const fd = sys.open(path, c.O_RDONLY | c.O_NONBLOCK | c.O_CLOEXEC, 0);
    assert.ok(fd > 2);
    sys.close(fd);
  });

  it('memfdCreate: a file that can be sealed', () => {
    const fd = sys.memfdCreate('entry');
    assert.equal(sys.write(fd, Buffer.from('abc'), 0, 3), 3);
    assert.equal(sys.fcntl(fd, c.F_ADD_SEALS, c.F_SEAL_ALL), 0);
    assert.equal(sys.write(fd, Buffer.from('abc'), 0, 3), -e.EPERM);
    assert.equal(sys.fcntl(fd, c.F_GETFD, 0), c.FD_CLOEXEC);
    sys.close(fd);
  });

  it('write: a full device is -ENOSPC', () => {
    const fd = sys.open('/dev/full', c.O_WRONLY | c.O_CLOEXEC, 0);
    assert.equal(sys.write(fd, Buffer.from('x'), 0, 1), -e.ENOSPC);
    sys.close(fd);
  });

  it('read and write: a range outside of the buffer is an error of ours, not a call', () => {
    assert.throws(() => sys.read(0, new Uint8Array(4), 2, 3), TypeError);
    assert.throws(() => sys.write(1, new Uint8Array(4), 5, 0), TypeError);
    assert.throws(() => sys.write(1, new Uint8Array(4), -1, 1), TypeError);
  });
});

describe('real Sys: fds', () => {
  it('write: a pipe without a reader is -EPIPE where SIGPIPE is ignored', () => {
    const [reader, writer] = makePipe();
    sys.ignoreSignal(c.SIGPIPE);
    sys.close(reader);
    assert.equal(sys.write(writer, Buffer.from('x'), 0, 1), -e.EPIPE);
    sys.close(writer);
  });

  it('dup3: puts the fd at the number, with its flags', () => {
    const [reader, writer] = makePipe();
    assert.equal(sys.dup3(writer, 300, c.O_CLOEXEC), 300);
    assert.equal(sys.fcntl(300, c.F_GETFD, 0), c.FD_CLOEXEC);
    assert.equal(sys.write(300, Buffer.from('x'), 0, 1), 1);
    for (const fd of [reader, writer, 300]) sys.close(fd);
  });

  it('fcntl: sets and answers flags, and a pipe size', () => {
    const [reader, writer] = makePipe();
    assert.equal(sys.fcntl(reader, c.F_SETFL, 0), 0);
    assert.equal(sys.fcntl(reader, c.F_GETFL, 0) & c.O_NONBLOCK, 0);
    assert.equal(sys.fcntl(writer, c.F_SETPIPE_SZ, 65_536), 65_536);
    for (const fd of [reader, writer]) sys.close(fd);
  });

  it('ioctl: sets the size of a terminal; on what is none it is -ENOTTY', () => {
    const pty = sys.open('/dev/ptmx', c.O_RDWR | c.O_CLOEXEC, 0);
    assert.ok(pty > 2);
    const size = new Uint8Array(new Uint16Array([24, 80, 0, 0]).buffer);
    assert.equal(sys.ioctl(pty, c.TIOCSWINSZ, size), 0);
    const seen = new Uint8Array(8);
    const tiocgwinsz = 0x5413;
    assert.equal(sys.ioctl(pty, tiocgwinsz, seen), 0);
    assert.deepEqual(seen, size);
    sys.close(pty);
    const [reader, writer] = makePipe();
    const enotty = 25;
    assert.equal(sys.ioctl(reader, c.TIOCSWINSZ, size), -enotty);
    for (const fd of [reader, writer]) sys.close(fd);
  });

  it('eventfd: counts', () => {
    const fd = sys.eventfd(3, c.EFD_NONBLOCK | c.EFD_CLOEXEC);
    const buf = new Uint8Array(8);
    assert.equal(sys.read(fd, buf, 0, 8), 8);
    assert.equal(new DataView(buf.buffer).getBigUint64(0, true), 3n);
    assert.equal(sys.read(fd, buf, 0, 8), -e.EAGAIN);
    sys.close(fd);
  });

  it('inotifyInit, inotifyAddWatch: a change of the file makes the fd readable', () => {
    const path = newPath();
    writeFileSync(path, 'a');
    const fd = sys.inotifyInit(c.IN_NONBLOCK | c.IN_CLOEXEC);
    assert.ok(sys.inotifyAddWatch(fd, path, c.IN_MODIFY) > 0);
    assert.equal(sys.read(fd, new Uint8Array(512), 0, 512), -e.EAGAIN);
    writeFileSync(path, 'b');
    assert.ok(sys.read(fd, new Uint8Array(512), 0, 512) > 0);
    assert.equal(sys.inotifyAddWatch(fd, newPath(), c.IN_MODIFY), -e.ENOENT);
    sys.close(fd);
  });
});

describe('real Sys: sockets', () => {
  it('bind, listen, connect, accept4, send, recv, shutdown: a SEQPACKET conversation', () => {
    const path = newPath();
    const listener = sys.socket(c.SOCK_SEQPACKET | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    assert.equal(sys.bind(listener, path), 0);
    assert.equal(sys.listen(listener, 10), 0);
    assert.equal(sys.accept4(listener, c.SOCK_CLOEXEC), -e.EAGAIN);
    const client = sys.socket(c.SOCK_SEQPACKET | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    assert.equal(sys.connect(client, path), 0);
    const served = sys.accept4(listener, c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    assert.ok(served > 2);
    assert.equal(sys.send(client, Buffer.from('-ab-'), 1, 2, c.MSG_NOSIGNAL), 2);
    const buf = Buffer.alloc(8);
    assert.equal(sys.recv(served, buf, 0, 8, 0), 2);
    assert.equal(buf.toString('latin1', 0, 2), 'ab');
    assert.equal(sys.shutdown(client, c.SHUT_WR), 0);
    assert.equal(sys.recv(served, buf, 0, 8, 0), 0);
    sys.close(client);
    assert.equal(sys.send(served, buf, 0, 1, c.MSG_NOSIGNAL), -e.EPIPE);
    for (const fd of [served, listener]) sys.close(fd);
    assert.equal(sys.connect(sys.socket(c.SOCK_SEQPACKET), path), -e.ECONNREFUSED);
  });

  it('sendmmsg: packets of one size, each behind a byte, the last one of the rest; what does not fit is not counted', () => {
    const path = newPath();
    const listener = sys.socket(c.SOCK_SEQPACKET | c.SOCK_CLOEXEC);
    assert.equal(sys.bind(listener, path), 0);
    assert.equal(sys.listen(listener, 1), 0);
    const client = sys.socket(c.SOCK_SEQPACKET | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    assert.equal(sys.connect(client, path), 0);
    const served = sys.accept4(listener, c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    const flags = c.MSG_DONTWAIT | c.MSG_NOSIGNAL;
    assert.equal(sys.sendmmsg(client, 2, Buffer.from('-abcde-'), 1, 5, 2, flags), 3);
    const buf = Buffer.alloc(9000);
    const received = () => {
      const length = sys.recv(served, buf, 0, buf.length, 0);
      return length < 0 ? length : buf.toString('latin1', 0, length);
    };
    assert.deepEqual(
      [received(), received(), received(), received()],
      ['\x02ab', '\x02cd', '\x02e', -e.EAGAIN],
    );
    const much = Buffer.alloc(256 * 1024, 'x');
    let packets = 0;
    for (let sent = 1; sent > 0; packets += Math.max(sent, 0))
      sent = sys.sendmmsg(client, 3, much, 0, much.length, 8192, flags);
    for (let i = 0; i < packets; i++) assert.equal(received(), `\x03${'x'.repeat(8192)}`);
    assert.equal(received(), -e.EAGAIN);
    assert.throws(() => sys.sendmmsg(client, 258, much, 0, 1, 8192, flags), /wrong argument/);
    assert.throws(() => sys.sendmmsg(client, 2, much, 0, 1, 0, flags), /wrong argument/);
    sys.close(served);
    assert.equal(sys.sendmmsg(client, 2, much, 0, much.length, 8192, flags), -e.EPIPE);
    for (const fd of [client, listener]) sys.close(fd);
  });

  it('bind: a path that does not fit into an address is -ENAMETOOLONG, a taken one -EADDRINUSE', () => {
    const fd = sys.socket(c.SOCK_DGRAM | c.SOCK_CLOEXEC);
    assert.equal(sys.bind(fd, `/tmp/${'x'.repeat(120)}`), -e.ENAMETOOLONG);
    const path = newPath();
    writeFileSync(path, '');
    assert.equal(sys.bind(fd, path), -e.EADDRINUSE);
    sys.close(fd);
  });

  it('sendto, sendFdTo, recvFd: data, and an open file that arrives close-on-exec', () => {
    const path = newPath();
    const receiver = sys.socket(c.SOCK_DGRAM | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    const sender = sys.socket(c.SOCK_DGRAM | c.SOCK_CLOEXEC);
    assert.equal(sys.bind(receiver, path), 0);
    assert.equal(sys.sendto(sender, Buffer.from('-data-'), 1, 4, 0, path), 4);
    const [reader, writer] = makePipe();
    assert.equal(sys.sendFdTo(sender, writer, 0, path), 0);
    const buf = Buffer.alloc(16);
    const out = new Int32Array(1);
    assert.equal(sys.recvFd(receiver, buf, out), 4);
    assert.equal(buf.toString('latin1', 0, 4), 'data');
    assert.equal(out[0], -1);
    assert.equal(sys.recvFd(receiver, buf, out), 0);
    assert.equal(sys.fcntl(out[0]!, c.F_GETFD, 0), c.FD_CLOEXEC);
    assert.equal(sys.write(out[0]!, Buffer.from('x'), 0, 1), 1);
    assert.equal(sys.read(reader, buf, 0, 8), 1);
    assert.equal(sys.recvFd(receiver, buf, out), -e.EAGAIN);
    assert.equal(sys.sendto(sender, buf, 0, 1, 0, newPath()), -e.ENOENT);
    for (const fd of [receiver, sender, reader, writer, out[0]!]) sys.close(fd);
  });

  it('sendFd: an open file and the bytes of the range arrive together, on a connected stream', () => {
    const path = newPath();
    const listener = sys.socket(c.SOCK_STREAM | c.SOCK_CLOEXEC);
    const client = sys.socket(c.SOCK_STREAM | c.SOCK_CLOEXEC);
    sys.bind(listener, path);
    sys.listen(listener, 1);
    const [reader, writer] = makePipe();
    assert.equal(sys.sendFd(client, Buffer.from('x'), 0, 1, writer), -e.ENOTCONN);
    assert.equal(sys.connect(client, path), 0);
    const served = sys.accept4(listener, c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
    assert.equal(sys.sendFd(client, Buffer.from('-pty-'), 1, 3, writer), 3);
    const buf = Buffer.alloc(16);
    const out = new Int32Array(1);
    assert.equal(sys.recvFd(served, buf, out), 3);
    assert.equal(buf.toString('latin1', 0, 3), 'pty');
    assert.equal(sys.write(out[0]!, Buffer.from('x'), 0, 1), 1);
    assert.equal(sys.read(reader, buf, 0, 8), 1);
    for (const fd of [listener, client, served, reader, writer, out[0]!]) sys.close(fd);
  });

  it('sendto: a datagram larger than the send buffer is -EMSGSIZE', () => {
    const path = newPath();
    const receiver = sys.socket(c.SOCK_DGRAM | c.SOCK_CLOEXEC);
    const sender = sys.socket(c.SOCK_DGRAM | c.SOCK_CLOEXEC);
    sys.bind(receiver, path);
    assert.equal(sys.setsockopt(sender, c.SO_SNDBUF, 8192), 0);
    assert.equal(sys.sendto(sender, new Uint8Array(65_536), 0, 65_536, c.MSG_DONTWAIT, path), -e.EMSGSIZE);
    for (const fd of [receiver, sender]) sys.close(fd);
  });
});

describe('real Sys: memory', () => {
  it('madvise: whole pages of the buffer are let go, and nothing that lies before or behind them', () => {
    const all = new Uint8Array(1024 * 1024).fill(1);
    const [from, to] = [5000, 900_001];
    assert.equal(sys.madvise(all.subarray(from, to), c.MADV_DONTNEED), 0);
    const [first, last] = [all.indexOf(0), all.lastIndexOf(0)];
    assert.ok(first >= from && first < from + 65_536, `from ${first}`);
    assert.ok(last < to && last >= to - 65_536, `to ${last}`);
    assert.ok(all.subarray(first, last).every(byte => byte === 0));
  });

  it('madvise: a buffer without a whole page stays as it is', () => {
    const buf = new Uint8Array(4095).fill(1);
    assert.equal(sys.madvise(buf, c.MADV_DONTNEED), 0);
    assert.ok(buf.every(byte => byte === 1));
  });
});

describe('real Sys: processes', () => {
  it('spawn: the child has the fds at their places, also when they trade places, and no others', () => {
    const [reader, writer] = makePipe();
    const other = sys.open('/dev/zero', c.O_RDONLY | c.O_CLOEXEC, 0);
    const stray = sys.open('/dev/null', c.O_RDONLY | c.O_CLOEXEC, 0);
    const fds = [
      { from: writer, to: 1 },
      { from: other, to: writer },
      { from: writer, to: other },
    ];
    const script = `for fd in /proc/self/fd/*; do echo "\${fd##*/} $(readlink $fd)"; done`;
    const pid = spawnShell(script, { fds });
    const lines = readChild(pid, reader, writer).split('\n');
    assert.ok(lines.includes(`${writer} /dev/zero`), lines.join('\n'));
    assert.match(lines.find(line => line.startsWith(`${other} `))!, /pipe:/);
    assert.ok(!lines.some(line => line.startsWith(`${stray} `)));
    for (const fd of [reader, other, stray]) sys.close(fd);
  });

  it('spawn: an fd that stays where it is loses its close-on-exec flag in the child only', () => {
    const [reader, writer] = makePipe();
    const kept = sys.open('/dev/zero', c.O_RDONLY | c.O_CLOEXEC, 0);
    const pid = spawnShell(`readlink /proc/self/fd/${kept}`, {
      fds: [
        { from: writer, to: 1 },
        { from: kept, to: kept },
      ],
    });
    assert.equal(readChild(pid, reader, writer), '/dev/zero\n');
    assert.equal(sys.fcntl(kept, c.F_GETFD, 0), c.FD_CLOEXEC);
    for (const fd of [reader, kept]) sys.close(fd);
  });

  it('spawn: argv and environment arrive byte for byte', () => {
    const [reader, writer] = makePipe();
    const environ = Buffer.concat([Buffer.from('A=1\0B='), Buffer.of(0xff, 0x0a), Buffer.from('\0EMPTY=\0')]);
    const pid = sys.spawn({
      file: '/bin/cat',
      argv: ['a name', '/proc/self/environ', '/proc/self/cmdline'],
      environ,
      fds: [{ from: writer, to: 1 }],
      parentDeathSignal: 0,
    });
    const seen = Buffer.from(readChild(pid, reader, writer, 'latin1'), 'latin1');
    const cmdline = Buffer.from('a name\0/proc/self/environ\0/proc/self/cmdline\0');
    assert.deepEqual(seen, Buffer.concat([environ, cmdline]));
    sys.close(reader);
  });

  it('G8 spawn: no signal is blocked, ignored or caught in the child', () => {
    sys.ignoreSignal(c.SIGPIPE);
    const [reader, writer] = makePipe();
    const pid = spawnShell('exec cat /proc/self/status', { fds: [{ from: writer, to: 1 }] });
    const masks = readChild(pid, reader, writer).match(/^Sig(Blk|Ign|Cgt):.*$/gm);
    const zeros = '0'.repeat(16);
    assert.deepEqual(masks, [`SigBlk:\t${zeros}`, `SigIgn:\t${zeros}`, `SigCgt:\t${zeros}`]);
    sys.close(reader);
  });

  it('spawn: a missing file is -ENOENT, one that is no program -EACCES, and no zombie is left', () => {
    assert.equal(sys.spawn(plan(newPath(), ['x'])), -e.ENOENT);
    const path = newPath();
    writeFileSync(path, 'x', { mode: 0o600 });
    assert.equal(sys.spawn(plan(path, ['x'])), -e.EACCES);
    assert.equal(sys.waitpid(-1, new Int32Array(1), c.WNOHANG), -e.ECHILD);
  });

  it('spawn: an fd that is not open is -EBADF, and no zombie is left', () => {
    assert.equal(sys.spawn({ ...plan('/bin/true', ['true']), fds: [{ from: 999, to: 0 }] }), -e.EBADF);
    assert.equal(sys.waitpid(-1, new Int32Array(1), c.WNOHANG), -e.ECHILD);
  });

  it('spawn: many failures leave no fd open', () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 50; i++) sys.spawn(plan('/nowhere', ['x']));
    assert.equal(count(), before);
  });

  it('R2 spawn: the file is found from the working directory, and not by PATH', () => {
    const status = Int32Array.of(-1);
    assert.equal(sys.spawn(plan('true', ['true'])), -e.ENOENT);
    const pid = sys.spawn(plan(relative(process.cwd(), '/bin/true'), ['true']));
    assert.equal(sys.waitpid(pid, status, 0), pid);
    assert.equal(status[0], 0);
  });

  it('E28 endInCommand: Node.js goes on as it is, and no wrong argument is taken', () => {
    const command = plan('/bin/true', ['true']);
    assert.equal(sys.endInCommand(command, 0, 0, ''), -e.ENOSYS);
    const endWith = sys.endInCommand as (...args: unknown[]) => number;
    for (const args of [
      [{}, 0, 0, ''],
      [command, -1, 0, ''],
      [command, 2 ** 53, 0, ''],
      [command, 0.5, 0, ''],
      [command, 0, 256, ''],
      [command, 0, -1, ''],
      [command, 0, 0, 1],
    ])
      assert.throws(() => endWith(...args), /^TypeError: sys: wrong argument/);
  });

  it('R5 spawn: LISTEN_PID is the child when asked for', () => {
    const [reader, writer] = makePipe();
    const environ = Buffer.concat([Buffer.from('A=1\0LISTEN_PID='), Buffer.alloc(10)]);
    const pid = spawnShell('echo $LISTEN_PID $$', {
      environ,
      listenPid: true,
      fds: [{ from: writer, to: 1 }],
    });
    assert.equal(readChild(pid, reader, writer), `${pid} ${pid}\n`);
    sys.close(reader);
  });

  it('R6 spawn: the OOM score is set in the child alone', () => {
    const own = readFileSync('/proc/self/oom_score_adj', 'utf8');
    const [reader, writer] = makePipe();
    const pid = spawnShell('cat /proc/self/oom_score_adj', {
      oomScoreAdj: '987',
      fds: [{ from: writer, to: 1 }],
    });
    assert.equal(readChild(pid, reader, writer), '987\n');
    assert.equal(readFileSync('/proc/self/oom_score_adj', 'utf8'), own);
    sys.close(reader);
  });

  it('R7 spawn: the child gets its signal when we die', () => {
    // A process of its own dies here in our place. Its child holds its stdout, so the end of that is the child's.
    const parent = runElsewhere(
      `console.log(sys.spawn({ file: '/bin/sleep', argv: ['sleep', '60'], environ: new Uint8Array(0), fds: [],
         parentDeathSignal: 9 }) > 0);
       sys.exit(0);`,
    );
    assert.equal(parent.error, undefined);
    assert.equal(parent.stdout, 'true\n');
  });

  it('kill, pidfdOpen, pidfdSendSignal, waitpid: the end of a child', () => {
    const status = new Int32Array(1);
    const pid = sys.spawn(plan('/bin/sleep', ['sleep', '1000']));
    const pidfd = sys.pidfdOpen(pid);
    const epfd = sys.epollCreate();
    const out = new Int32Array(2);
    sys.epollCtl(epfd, c.EPOLL_CTL_ADD, pidfd, c.EPOLLIN);
    assert.equal(sys.waitpid(pid, status, c.WNOHANG), 0);
    assert.equal(sys.epollWait(epfd, out, 0), 0);
    assert.equal(sys.kill(pid, 0), 0);
    assert.equal(sys.pidfdSendSignal(pidfd, c.SIGKILL), 0);
    assert.equal(sys.epollWait(epfd, out, 10_000), 1);
    assert.equal(sys.waitpid(-1, status, 0), pid);
    assert.equal(status[0], c.SIGKILL);
    assert.equal(sys.pidfdSendSignal(pidfd, c.SIGKILL), -e.ESRCH);
    assert.equal(sys.kill(pid, 0), -e.ESRCH);
    for (const fd of [pidfd, epfd]) sys.close(fd);
  });

  it('getpid, getpgid: our own', () => {
    assert.equal(sys.getpid(), process.pid);
    assert.equal(sys.getpgid(0), sys.getpgid(process.pid));
    assert.equal(sys.getpgid(2 ** 22 + 1), -e.ESRCH);
  });

  it('prctl: a subreaper gets the orphans of its children', () => {
    const status = new Int32Array(1);
    assert.equal(sys.prctl(c.PR_SET_CHILD_SUBREAPER, 1), 0);
    const [reader, writer] = makePipe();
    const pid = spawnShell('(exec sleep 1000 >/dev/null) & echo $!', { fds: [{ from: writer, to: 1 }] });
    const orphan = Number(readChild(pid, reader, writer));
    assert.equal(sys.waitpid(orphan, status, c.WNOHANG), 0);
    sys.kill(orphan, c.SIGKILL);
    assert.equal(sys.waitpid(orphan, status, 0), orphan);
    assert.equal(sys.prctl(c.PR_SET_CHILD_SUBREAPER, 0), 0);
    sys.close(reader);
  });

  it('signalPipe: each signal is one byte, its number', () => {
    const fd = sys.signalPipe([c.SIGUSR2, c.SIGHUP]);
    const buf = new Uint8Array(8);
    assert.equal(sys.read(fd, buf, 0, 8), -e.EAGAIN);
    sys.kill(sys.getpid(), c.SIGUSR2);
    sys.kill(sys.getpid(), c.SIGHUP);
    const got = sys.read(fd, buf, 0, 8);
    assert.deepEqual([...buf.subarray(0, got)].sort(), [c.SIGUSR2, c.SIGHUP].sort());
  });

  it('exit: a status that is no int is a TypeError', () => {
    const child = runElsewhere(
      `for (const status of [NaN, 1.5, 2 ** 31, undefined])
         try { sys.exit(status) } catch (error) { console.log(error.name) }
       process.exitCode = 5;`,
    );
    assert.deepEqual([child.status, child.stdout], [5, 'TypeError\n'.repeat(4)]);
  });

  it('setsid, exit: a session of its own, and an end without more ado', () => {
    const child = runElsewhere(
      `process.on('exit', () => console.log('not reached'));
       console.log(sys.setsid() === process.pid || sys.getpgid(0) === process.pid);
       sys.exit(7);`,
    );
    covered.add('setsid').add('exit');
    assert.deepEqual([child.status, child.stdout], [7, 'true\n']);
  });
});

it('real Sys: every method is covered here', () => {
  assert.deepEqual(
    // Two are no system calls: a method that has a test of its own, and what the library's kernel uses.
    Object.keys(kernel).filter(name => !covered.has(name) && name !== 'fillLines' && name !== 'nodeLoop'),
    [],
  );
});

function makeRealWorld(): World {
  return {
    sys,
    stream: content => {
      const [reader, writer] = makePipe();
      sys.write(writer, Buffer.from(content), 0, content.length);
      sys.close(writer);
      return reader;
    },
    packets: (...packets) => {
      const path = newPath();
      const listener = sys.socket(c.SOCK_SEQPACKET | c.SOCK_CLOEXEC);
      const sender = sys.socket(c.SOCK_SEQPACKET | c.SOCK_CLOEXEC); // stays open: its end would be a packet of 0
      sys.bind(listener, path);
      sys.listen(listener, 1);
      sys.connect(sender, path);
      const receiver = sys.accept4(listener, c.SOCK_NONBLOCK | c.SOCK_CLOEXEC);
      for (const packet of packets) sys.send(sender, Buffer.from(packet), 0, packet.length, 0);
      sys.close(listener);
      return receiver;
    },
    file: content => {
      const path = newPath();
      writeFileSync(path, content);
      return path;
    },
    missing: newPath,
    child: exitStatus => spawnShell(`exit ${exitStatus}`, {}),
  };
}

function makePipe(): [reader: number, writer: number] {
  const fds = new Int32Array(2);
  assert.equal(sys.pipe2(fds, c.O_NONBLOCK | c.O_CLOEXEC), 0);
  return [fds[0]!, fds[1]!];
}

function plan(file: string, argv: string[]): SpawnPlan {
  return { file, argv, environ: new Uint8Array(0), fds: [], parentDeathSignal: 0 };
}

function spawnShell(script: string, more: Partial<SpawnPlan>): number {
  const environ = Buffer.from('PATH=/usr/bin:/bin\0');
  const pid = sys.spawn({ ...plan('/bin/sh', ['sh', '-c', script]), environ, ...more });
  assert.ok(pid > 0, `spawn answers ${pid}`);
  return pid;
}

// What the child writes until it ends; our own end of its pipe is closed first.
function readChild(pid: number, reader: number, writer: number, encoding: BufferEncoding = 'utf8'): string {
  sys.close(writer);
  sys.fcntl(reader, c.F_SETFL, 0);
  const buf = Buffer.alloc(65_536);
  let length = 0;
  for (let got = 1; got > 0; length += got) got = sys.read(reader, buf, length, buf.length - length);
  assert.equal(sys.waitpid(pid, new Int32Array(1), 0), pid);
  return buf.toString(encoding, 0, length);
}

// Runs a script over the real Sys in a process of its own, until its output ends.
function runElsewhere(script: string): SpawnSyncReturns<string> {
  const real = import.meta.resolve('../../src/sys/real.ts');
  const source = `const { sys } = await import('${real}'); ${script}`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
    timeout: 20_000,
  });
}
