// Logs that are no regular file and take nothing: a fifo without a reader or with one that does not read, a terminal that
// nobody reads or that is stopped. The caller gets its pid, --timeout fires, SIGTERM goes to the container, and its end is
// noticed.

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  FIONREAD,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  SIGTERM,
} from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import {
  joinRecords,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { listOpenFiles } from '../fixtures/open-files.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { must, waitUntil } from '../fixtures/waiting.ts';

const F_GETPIPE_SZ = 1032;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;

interface Stuck {
  readonly path: string;
  /** Reads what is there, and lets a stopped terminal go on; a fifo gets its reader. */
  read(): string;
}

function makeFifo(t: TestContext): string {
  const path = join(makeFolder(t, 'fifo'), 'LOG');
  must(sys.mkfifo(path, 0o600), 'mkfifo');
  return path;
}

function readAvailable(fd: number): string {
  const chunk = Buffer.alloc(64 * 1024);
  let text = '';
  for (;;) {
    const got = sys.read(fd, chunk, 0, chunk.length);
    if (got === -EAGAIN || got === 0) return text;
    text += chunk.toString('latin1', 0, must(got, 'read'));
  }
}

function makeTerminal(t: TestContext, isStopped: boolean): Stuck {
  const master = must(sys.open('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0), 'ptmx');
  sys.ioctl(master, TIOCSPTLCK, new Uint8Array(8));
  const number = new Int32Array(2);
  sys.ioctl(master, TIOCGPTN, new Uint8Array(number.buffer));
  const path = `/dev/pts/${number[0]}`;
  const slave = must(sys.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC, 0), path);
  const press = (key: number) => must(sys.write(master, Uint8Array.of(key), 0, 1), 'write');
  if (isStopped) press(0x13); // ^S
  t.after(() => {
    closeSync(slave);
    closeSync(master);
  });
  return {
    path,
    read() {
      if (isStopped) press(0x11); // ^Q
      return readAvailable(master).replaceAll('\r\n', '\n');
    },
  };
}

const kinds: readonly (readonly [string, (t: TestContext) => Stuck])[] = [
  [
    'a fifo without a reader',
    t => {
      const path = makeFifo(t);
      return {
        path,
        read() {
          const fd = must(sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), path);
          t.after(() => closeSync(fd));
          return readAvailable(fd);
        },
      };
    },
  ],
  [
    'a fifo whose reader does not read',
    t => {
      const path = makeFifo(t);
      const fd = must(sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), path);
      t.after(() => closeSync(fd));
      return { path, read: () => readAvailable(fd) };
    },
  ],
  ['a terminal that nobody reads', t => makeTerminal(t, false)],
  ['a terminal that is stopped', t => makeTerminal(t, true)],
];

/** Waits until the container's flood is stuck: the pipe that the monitor should read is full. */
function waitUntilHeldBack(box: Monitored): void {
  waitUntil(() => hasFullPipe(box.monitor), 'a container that is held back');
}

function hasFullPipe(monitor: number): boolean {
  return listOpenFiles(monitor).some(({ path, target }) => {
    const fd = target.startsWith('pipe:') ? sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) : -1;
    if (fd < 0) return false;
    const unread = new Int32Array(2);
    sys.ioctl(fd, FIONREAD, new Uint8Array(unread.buffer));
    const capacity = sys.fcntl(fd, F_GETPIPE_SZ, 0);
    sys.close(fd);
    return unread[0]! > capacity * 0.9; // pages need not be full
  });
}

/** Processor time of a process so far, in ticks. */
function readTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

for (const [kind, make] of kinds)
  describe(`fault: the log is ${kind}`, () => {
    test('L27: the pid is reported, SIGTERM goes to the container, and its end is noticed', t => {
      const box = startMonitored(t, {
        log: make(t).path,
        container: 'trap "exit 7" TERM; yes flood & wait',
      });
      assert.ok(box.started() > 0);
      waitUntilHeldBack(box);
      sys.kill(box.monitor, SIGTERM);
      assert.equal(box.exitStatus(), '7');
      assert.equal(box.end(), 7);
    });

    test('L27: --timeout fires', t => {
      const box = startMonitored(t, {
        log: make(t).path,
        container: 'yes flood & wait',
        args: ['--timeout', '1'],
      });
      assert.ok(box.started() > 0);
      assert.equal(box.exitStatus(), '-1');
      box.end();
    });

    test('L27: the container’s death is noticed, and no processor is used while it is held back', t => {
      const gate = makeGate(t);
      const box = startMonitored(t, { log: make(t).path, container: `yes flood & read go <${gate}; exit 3` });
      box.started();
      waitUntilHeldBack(box);
      const isQuiet = () => {
        const before = readTicks(box.monitor);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // it would be seen in any stretch of time
        return readTicks(box.monitor) - before <= 2;
      };
      waitUntil(isQuiet, 'the monitor to have done what it was at');
      assert.ok(isQuiet(), 'it tries without end');
      openGate(gate);
      assert.equal(box.exitStatus(), '3');
      box.end();
    });

    test('L27: what was printed meanwhile is there for who reads then, from the first line', t => {
      const stuck = make(t);
      const gate = makeGate(t);
      const box = startMonitored(t, {
        log: stuck.path,
        container: `i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; read go <${gate}; exit 3`,
      });
      box.started();
      openGate(gate); // whoever waits there has printed all of it
      let log = '';
      const expected = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join('');
      waitUntil(() => {
        log += stuck.read();
        return log.endsWith('line 2999\n');
      }, 'the last line');
      assert.equal(joinRecords(log, 'stdout'), expected);
      assert.equal(box.exitStatus(), '3');
      box.end();
    });
  });

test('fault: the log is /dev/full: named once, and the container runs to its end', {
  skip: withoutMounts,
}, t => {
  const mounts = openPrivateMounts(t);
  const box = startMonitored(t, { mounts, log: '/dev/full', container: 'echo a; echo b; exit 3' });
  box.started();
  assert.equal(box.exitStatus(), '3');
  box.end();
  const messages = mounts.readSyslog().filter(text => text.includes('/dev/full'));
  assert.equal(messages.filter(text => text.includes('No space left on device')).length, 1);
});

test('L27: /dev/null takes a flood', t => {
  const box = startMonitored(t, { log: '/dev/null', container: 'yes | head -c 5000000; exit 3' });
  box.started();
  assert.equal(box.exitStatus(), '3');
  box.end();
});

test('fault: the log is a socket or a directory: refused in words, with no monitor left', async t => {
  const dir = makeFolder(t);
  const socket = join(dir, 'socket');
  const server = createServer().listen(socket);
  await new Promise(resolve => server.once('listening', resolve));
  t.after(() => server.close());
  for (const [log, words] of [
    [socket, 'No such device or address'],
    [dir, 'Is a directory'],
  ] as const) {
    const box = startMonitored(t, { log });
    assert.equal(box.caller.wait(), 1);
    assert.match(box.caller.stderr(), new RegExp(`Failed to open log file ${log}: ${words}`));
  }
});

test('L13: the caller’s own open file of a log stays as it is: /dev/stdout blocks for the others that have it', t => {
  const path = makeFifo(t);
  const reader = must(sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0), path);
  const theirs = openSync(path, 'w');
  const input = openSync('/dev/null', 'r');
  const box = startMonitored(t, {
    log: '/dev/stdout',
    container: 'echo out; exit 3',
    caller: { stdio: [input, theirs, theirs] },
  });
  box.started();
  assert.equal(box.exitStatus(), '3');
  box.end();
  assert.equal(joinRecords(readAvailable(reader), 'stdout'), 'out\n');
  assert.doesNotMatch(readFileSync(`/proc/self/fdinfo/${theirs}`, 'utf8'), /flags:\t0?[0-7]*[4-7][0-7]{3}\n/);
  for (const fd of [reader, theirs, input]) closeSync(fd);
});
