// Logs that are no regular file: what they do not take waits, and nothing else does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { finishMsMax, stillMsMax, waitingBytesMax } from '../../src/logs/log-stream.ts';
import { patienceMs } from '../../src/logs/room-watch.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLERR,
  EPOLLOUT,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  S_IFIFO,
} from '../../src/sys/constants.ts';
import { EAGAIN, EINTR, EIO, EMFILE, ENOMEM, ENXIO, EPERM, EPIPE } from '../../src/sys/errno.ts';
import { Refusal } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { turn } from '../fixtures/turn.ts';
import { LogDisk } from './log-disk.ts';
import { brief, joinRecords, openOn, readRecords } from './log-writing.ts';

/** A record of a text of so many bytes. */
const recordBytes = (textBytes: number) => 45 + textBytes + 1;
const logOf = (disk: LogDisk) => disk.files['ctr.log']!;
/** The log's fd on the disk of these tests. */
const logFd = 1000;

/** A log that is a fifo with room for so many bytes, and a reactor that waits for more. */
function openFifo(room: number, options = {}) {
  const disk = new LogDisk();
  disk.put('ctr.log', '', S_IFIFO | 0o666);
  disk.room = room;
  const opened = openOn(disk, options);
  const reactor = new Reactor(disk.sys);
  const calls = { onRoom: 0 };
  opened.logs.waitBy(reactor, () => calls.onRoom++);
  return {
    disk,
    sys: disk.sys,
    reactor,
    calls,
    ...opened,
    /** Its reader makes room, and the reactor hears of it. */
    makesRoom(bytes: number) {
      disk.room = bytes;
      disk.sys.events(logFd, EPOLLOUT);
      turn(reactor, 0);
    },
  };
}

test('L13 stream: a log is opened without waiting, and no terminal becomes ours', () => {
  const disk = new LogDisk();
  openOn(disk);
  const [flags] = disk.sys.called('open').map(call => call[2] as number);
  assert.equal(flags! & (O_NONBLOCK | O_NOCTTY), O_NONBLOCK | O_NOCTTY);
});

test('L13 stream: a fifo that nobody reads yet is opened at both ends; a socket is refused', () => {
  const disk = new LogDisk();
  disk.put('ctr.log', '', S_IFIFO | 0o666);
  const modes: number[] = [];
  disk.sys.answer('open', -ENXIO);
  openOn(disk).say('a\n');
  for (const [, , flags] of disk.sys.called('open') as unknown as [string, string, number][])
    modes.push(flags & (O_WRONLY | O_RDWR | O_NONBLOCK));
  assert.deepEqual(modes, [O_WRONLY | O_NONBLOCK, O_RDWR | O_NONBLOCK]);
  assert.deepEqual(brief(logOf(disk)), ['F a']);
  disk.fault = call => (call === 'open' ? -ENXIO : undefined);
  const words = 'Failed to open log file /log/ctr.log: No such device or address';
  assert.throws(() => openOn(disk), new Refusal(words));
});

test('L13 stream: what cannot be looked at is warned about, and taken for no file that could be replaced', () => {
  const disk = new LogDisk();
  disk.fault = call => (call === 'fstat' ? -EIO : undefined);
  const { logs, say, warnings } = openOn(disk, { logSizeMax: 60 });
  disk.fault = () => undefined;
  say('a\nb\n');
  logs.reopen();
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
  assert.deepEqual(warnings, [
    'Failed to stat log file /log/ctr.log, taking it for no regular file: Input/output error',
  ]);
});

test('L12 file: a lease on the log is waited for, as the kernel bounds it', () => {
  const disk = new LogDisk();
  disk.put('ctr.log', '');
  disk.sys.answer('open', -EAGAIN);
  openOn(disk).say('a\n');
  assert.deepEqual(brief(logOf(disk)), ['F a']);
  assert.equal((disk.sys.called('open')[1]![2] as number) & (O_WRONLY | O_NONBLOCK), O_WRONLY);
});

test('L27 stream: one that is full is not waited for in write, and nothing more is to be read', () => {
  const { disk, sys, logs, say } = openFifo(recordBytes(1));
  assert.equal(logs.hasRoom, true);
  say('a\nb\nc\n');
  assert.equal(logs.hasRoom, false);
  assert.deepEqual(brief(logOf(disk)), ['F a']);
  assert.deepEqual(sys.called('epollWait'), []);
});

test('L27 stream: what waits goes out as there is room, whole and in order, and then the container goes on', () => {
  const { disk, logs, say, makesRoom, calls, warnings } = openFifo(20);
  say('a\nb\n');
  say('from stderr\n', 'stderr');
  logs.pause('stderr');
  makesRoom(recordBytes(1));
  assert.deepEqual([logs.hasRoom, calls.onRoom], [false, 0]);
  makesRoom(Number.POSITIVE_INFINITY);
  assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1]);
  say('c\n');
  assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1], 'what was taken at once is not waited for');
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F from stderr', 'F c']);
  assert.deepEqual(warnings, []);
});

test('L27 stream: the fd stays registered, and a hang-up while nothing waits is nothing', () => {
  const { disk, sys, say, makesRoom, calls } = openFifo(0);
  for (let i = 0; i < 3; i++) {
    say('a\n');
    makesRoom(recordBytes(1));
  }
  const adds = sys.called('epollCtl').filter(([, , op]) => op === EPOLL_CTL_ADD);
  assert.deepEqual([adds.length, calls.onRoom], [1, 3]);
  const writes = sys.called('write').length;
  sys.events(logFd, EPOLLERR);
  turn(new Reactor(sys), 0);
  assert.equal(sys.called('write').length, writes);
  assert.equal(readRecords(logOf(disk)).length, 3);
});

test('L27 stream: one that takes nothing for 10 s loses what waits, but no half of a record, and the container goes on', () => {
  const { disk, sys, reactor, logs, say, makesRoom, calls, warnings } = openFifo(10);
  say('aaaa\nbbbb\n');
  reactor.turn(); // sleeps until its deadline
  assert.ok(sys.monotonic[0] >= 1000 + patienceMs / 1000);
  assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1]);
  assert.deepEqual(warnings, ['Failed to write to log file /log/ctr.log: it takes no more']);
  say('cccc\n');
  assert.equal(logs.hasRoom, true, 'it is not waited for again before it takes something');
  makesRoom(Number.POSITIVE_INFINITY);
  say('dddd\n');
  assert.deepEqual(brief(logOf(disk)), ['F aaaa', 'F dddd']);
  disk.room = 0;
  say('eeee\n');
  assert.equal(logs.hasRoom, false, 'it has taken something, and is waited for again');
  assert.equal(warnings[1], 'Lost 100 bytes of log, for which there was no room in /log/ctr.log');
});

test('L27 stream: wherever in a record it is given up, that record is finished, and none after it begun', () => {
  for (let room = 0; room < 2 * recordBytes(4); room++) {
    const { disk, reactor, say } = openFifo(room);
    say('aaaa\nbbbb\n');
    reactor.turn(); // until it is given up
    disk.room = Number.POSITIVE_INFINITY;
    say('cccc\n');
    const begun = Math.ceil(room / recordBytes(4));
    const expected = [...['F aaaa', 'F bbbb'].slice(0, begun), 'F cccc'];
    assert.deepEqual(brief(logOf(disk)), expected, `behind ${room} bytes`);
  }
});

test('L27 stream: one that takes something every 6 s is slow, and loses nothing', () => {
  const { disk, sys, reactor, logs, say, makesRoom, warnings } = openFifo(0);
  say('a\nb\nc\nd\n');
  for (let i = 0; i < 4; i++) {
    turn(reactor, 0);
    sys.advance(6000);
    makesRoom(recordBytes(1));
  }
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F c', 'F d']);
  assert.deepEqual([logs.hasRoom, warnings], [true, []]);
});

test('L27 stream: where the kernel refuses to watch it, what waits goes out all the same', () => {
  for (const errno of [ENOMEM, EPERM]) {
    const { disk, sys, reactor, logs, say, calls } = openFifo(0);
    sys.always('epollCtl', -errno);
    say('a\nb\n');
    assert.equal(logs.hasRoom, false);
    turn(reactor, 1000);
    disk.room = 1000;
    turn(reactor, 1000);
    assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1]);
    assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
    logs.close();
  }
});

test('L27 stream: one that took something and then takes nothing for 10 s loses what waits, too', () => {
  const { sys, reactor, logs, say, makesRoom, warnings } = openFifo(0);
  say('a\nb\n');
  turn(reactor, 6000);
  makesRoom(recordBytes(1));
  turn(reactor, 6000);
  assert.equal(logs.hasRoom, false, 'it has taken something within 10 s');
  turn(reactor, patienceMs);
  assert.equal(logs.hasRoom, true);
  assert.deepEqual(warnings, ['Failed to write to log file /log/ctr.log: it takes no more']);
  assert.ok(sys.monotonic[0] < 1000 + 3 * (patienceMs / 1000));
});

test('L27 stream: once nothing waits, nothing is timed, however often more came while it waited', () => {
  for (const answer of [0, -EPERM]) {
    const { disk, sys, reactor, logs, say, calls } = openFifo(0);
    sys.always('epollCtl', answer);
    say('a\n');
    say('b\n', 'stderr');
    say('c\n');
    disk.room = 1000;
    logs.finish();
    assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1]);
    assert.throws(() => reactor.turn(), /wait for ever/);
    logs.finish();
    assert.equal(calls.onRoom, 1, 'nobody was held back any more');
  }
});

test('L27 stream: one that the kernel refuses to watch is tried every 50 ms, and by one timer', () => {
  const { sys, reactor, say } = openFifo(0);
  sys.always('epollCtl', -EPERM);
  for (const text of ['a\n', 'b\n']) say(text);
  const before = sys.called('write').length;
  for (let i = 0; i < 20; i++) turn(reactor, 50);
  assert.equal(sys.called('write').length - before, 20);
});

test('L27 stream: what is closed is watched no more', () => {
  const { sys, logs, say, makesRoom } = openFifo(0);
  say('a\n');
  makesRoom(1000);
  logs.close();
  assert.equal(sys.called('epollCtl').at(-1)![2], EPOLL_CTL_DEL);
});

test('L23 stream: one that breaks while it is waited for loses what waits, and takes the rest of a record first later', () => {
  for (const errno of [EPIPE, EIO]) {
    const { disk, sys, reactor, logs, say, warnings } = openFifo(10);
    say('aaaa\nbbbb\n');
    disk.fault = call => (call === 'write' ? -errno : undefined);
    sys.events(logFd, EPOLLOUT);
    turn(reactor, 0);
    assert.equal(logs.hasRoom, true);
    say('cccc\n');
    disk.fault = () => undefined;
    disk.room = 1000;
    say('dddd\n');
    assert.deepEqual(brief(logOf(disk)), ['F aaaa', 'F dddd']);
    assert.match(warnings[1]!, /^Lost 100 bytes/);
  }
});

test('L23 stream: what waited for one that breaks is lost even if it works again at once', () => {
  const { disk, sys, reactor, say, warnings } = openFifo(10);
  say('aaaa\nbbbb\n');
  disk.fault = call => (call === 'write' ? -EPIPE : undefined);
  sys.events(logFd, EPOLLOUT);
  turn(reactor, 0);
  disk.fault = () => undefined;
  disk.room = 1000;
  say('cccc\n');
  assert.deepEqual(brief(logOf(disk)), ['F aaaa', 'F cccc']);
  assert.match(warnings[1]!, /^Lost 50 bytes/);
});

test('L23 stream: one that is broken is warned about once a spell', () => {
  const { disk, say, warnings } = openFifo(1000);
  for (let spell = 0; spell < 2; spell++) {
    disk.fault = call => (call === 'write' ? -EPIPE : undefined);
    for (let i = 0; i < 3; i++) say('lost\n');
    disk.fault = () => undefined;
    say('kept\n');
  }
  assert.deepEqual(brief(logOf(disk)), ['F kept', 'F kept']);
  const words = 'Failed to write to log file /log/ctr.log: Broken pipe';
  const lost = 'Lost 150 bytes of log, for which there was no room in /log/ctr.log';
  assert.deepEqual(warnings, [words, lost, words, lost]);
});

test('L23 stream: a write of nothing at all is an error, and one that a signal ends is done again', () => {
  const { disk, sys, say, warnings } = openFifo(1000);
  sys.answer('write', 0, -EINTR);
  say('lost\n');
  say('kept\n');
  assert.deepEqual(brief(logOf(disk)), ['F kept']);
  assert.deepEqual(warnings, [
    'Failed to write to log file /log/ctr.log: Input/output error',
    'Lost 50 bytes of log, for which there was no room in /log/ctr.log',
  ]);
});

test('L27 stream: at the end what waits is waited for in place, for 2 s in which nothing is taken', () => {
  const { sys, logs, say, warnings } = openFifo(0);
  say('a\nunfin');
  logs.end('stdout');
  assert.deepEqual(sys.called('epollWait'), [], 'the end of a stream is not the end of all');
  logs.finish();
  assert.deepEqual(
    sys.called('epollWait').map(([, , timeout]) => timeout),
    [stillMsMax],
  );
  logs.close();
  assert.equal(sys.called('epollWait').length, 1, 'once');
  const lost = recordBytes(1) + recordBytes(5);
  const words = `Lost ${lost} bytes of log, for which there was no room in /log/ctr.log`;
  assert.equal(warnings.at(-1), words);
});

test('L27 stream: at the end a reader that takes a little now and then is waited for 10 s in all', () => {
  const { disk, sys, logs, say } = openFifo(0);
  say('a\n'.repeat(100));
  const start = sys.monotonic[0];
  sys.always('epollWait', (_epfd, out) => {
    sys.advance(1000);
    disk.room = recordBytes(1);
    out.set([logFd, EPOLLOUT]);
    return 1;
  });
  logs.finish();
  const tookSeconds = sys.monotonic[0] - start;
  assert.ok(tookSeconds >= finishMsMax / 1000 && tookSeconds <= finishMsMax / 1000 + 1, `${tookSeconds} s`);
  assert.ok(readRecords(logOf(disk)).length >= 9);
});

test('L27 stream: at the end one that the kernel refuses to watch is tried every 50 ms, for 2 s', () => {
  for (const [roomAfter, tries] of [
    [3, 3],
    [100, stillMsMax / 50],
  ] as const) {
    const { disk, sys, logs, say } = openFifo(0);
    sys.always('epollCtl', -EPERM);
    say('a\n');
    let waits = 0;
    sys.always('epollWait', (_epfd, _out, timeoutMs) => {
      assert.equal(timeoutMs, 50);
      sys.advance(timeoutMs);
      if (++waits === roomAfter) disk.room = 1000;
      return 0;
    });
    logs.finish();
    assert.equal(waits, tries);
    assert.deepEqual(brief(logOf(disk)), tries === roomAfter ? ['F a'] : []);
  }
});

test('L27 stream: at the end, room that others take first does not make the wait longer than 2 s', () => {
  const { sys, logs, say } = openFifo(0);
  say('a\n');
  sys.always('epollWait', () => {
    sys.advance(300);
    return 1;
  });
  logs.finish();
  assert.equal(sys.called('epollWait').length, Math.ceil(stillMsMax / 300));
});

test('L27 stream: at the end, where there can be no waiting, what waits is lost at once', () => {
  const { sys, logs, say, warnings } = openFifo(0);
  say('a\n');
  sys.always('epollCreate', -EMFILE);
  logs.finish();
  assert.deepEqual([sys.called('epollWait'), sys.monotonic], [[], [1000, 0]]);
  assert.deepEqual(warnings, ['Failed to write to log file /log/ctr.log: it takes no more']);
});

test('L27 stream: at the end a wait that a signal ends goes on', () => {
  const { sys, logs, say, disk } = openFifo(0);
  say('a\n');
  sys.answer('epollWait', -EINTR, -EINTR, () => {
    disk.room = 1000;
    return 1;
  });
  logs.finish();
  assert.deepEqual(brief(logOf(disk)), ['F a']);
});

test('L27 stream: at the end the rest of a record is lost with it, and no fd is left', () => {
  const { disk, sys, logs, say, warnings } = openFifo(10);
  say('aaaa\nbbbb\n');
  const [epfd] = sys.called('epollCtl').map(([, fd]) => fd);
  logs.close();
  const lost = 2 * recordBytes(4) - 10;
  assert.equal(warnings.at(-1), `Lost ${lost} bytes of log, for which there was no room in /log/ctr.log`);
  const waited = sys.called('epollWait').map(([, fd]) => fd);
  assert.equal(waited.length, 1);
  assert.notEqual(waited[0], epfd, 'in place, not by the reactor');
  assert.deepEqual(
    sys.called('close').map(([, fd]) => fd),
    [waited[0], logFd],
  );
  assert.equal(disk.openFds, 0);
});

test('L27 stream: at the end a reader that reads gets all of it', () => {
  const { disk, sys, logs, say, warnings } = openFifo(0);
  say('a\nb\n');
  sys.events(logFd, EPOLLOUT).answer('epollWait', (_epfd, out) => {
    disk.room = 1000;
    out.set([logFd, EPOLLOUT]);
    return 1;
  });
  logs.finish();
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
  assert.deepEqual(warnings, []);
});

test('L27 stream: what may wait is bounded: then it is waited for in place, and who was held back goes on', () => {
  const { sys, logs, say, calls } = openFifo(0);
  const chunk = `${'x'.repeat(8000)}\n`.repeat(30);
  let chunks = 0;
  for (; sys.called('epollWait').length === 0; chunks++) {
    assert.ok(chunks < 100, 'what waits grows without bound');
    say(chunk);
  }
  assert.ok(chunks > 4, 'a read and its records fit');
  assert.deepEqual([logs.hasRoom, calls.onRoom], [true, 1]);
});

test('L27 stream: 4 MiB may wait, and not a byte more', () => {
  for (const [lastBytes, mayWait] of [
    [1116, true],
    [1117, false],
  ] as const) {
    const { sys, say } = openFifo(0);
    for (let i = 0; i < 509; i++) say(`${'x'.repeat(8192)}\n`);
    say(`${'x'.repeat(lastBytes)}\n`);
    assert.equal(509 * recordBytes(8192) + recordBytes(1116), waitingBytesMax);
    assert.equal(sys.called('epollWait').length, mayWait ? 0 : 1);
  }
});

test('L13 stream: no limit of a file’s size cuts what is written at once', () => {
  const { disk, sys, say } = openFifo(1e6, { logSizeMax: 60 });
  say('a\nb\nc\n');
  assert.equal(sys.called('write').length, 1);
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F c']);
});

test('L16 stream: the global limit counts what was taken, not what was lost', () => {
  const { disk, reactor, say, makesRoom } = openFifo(0, { logGlobalSizeMax: 3 * recordBytes(1) });
  say('a\nb\n');
  reactor.turn();
  makesRoom(1000);
  say('c\nd\ne\nf\n');
  assert.deepEqual(brief(logOf(disk)), ['F c', 'F d', 'F e']);
});

test('L27 stream: however it takes them, records are whole, in order and no one twice', () => {
  const step = fc.record({
    text: fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }),
    room: fc.oneof(fc.constant(0), fc.nat(2000)),
    waitMs: fc.constantFrom(0, 0, 0, 20_000),
    breaks: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(500), (steps, room) => {
      const { disk, reactor, logs, say, makesRoom } = openFifo(room);
      let line = 1000;
      for (const { text, room: more, waitMs, breaks } of steps) {
        say(text.map(length => `${line++}${'x'.repeat(length)}\n`).join(''));
        disk.fault = call => (breaks && call === 'write' ? -EPIPE : undefined);
        makesRoom(more);
        disk.fault = () => undefined;
        if (waitMs > 0) turn(reactor, waitMs);
      }
      disk.room = Number.POSITIVE_INFINITY;
      say(`${line}\n`);
      logs.finish();
      logs.close();
      const lines = joinRecords(readRecords(logOf(disk))).match(/\d{4}/g) ?? [];
      assert.deepEqual(lines, [...new Set(lines)].sort());
      assert.equal(lines.at(-1), String(line));
      assert.equal(disk.openFds, 0);
    }),
    { numRuns: 300 },
  );
});
