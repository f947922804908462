import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EIO, ENOSPC, EPIPE, EROFS } from '../../src/sys/errno.ts';
import { LogDisk } from './log-disk.ts';
import { brief, joinRecords, openOn, readRecords } from './log-writing.ts';

const logOf = (disk: LogDisk) => disk.files['ctr.log'] ?? '';

test('L22 full disk: a record torn by it is finished when there is room, and no byte is twice there', () => {
  const disk = new LogDisk();
  const { say, warnings } = openOn(disk);
  say('one\n');
  disk.capacity = 49 + 10;
  say('two\nthree\n');
  assert.equal(logOf(disk).length, 59);
  say('four\n');
  disk.capacity = Number.POSITIVE_INFINITY;
  say('five\n');
  assert.deepEqual(brief(logOf(disk)), ['F one', 'F two', 'F five']);
  assert.deepEqual(warnings, [
    'Failed to write to log file /log/ctr.log: No space left on device',
    'Lost 101 bytes of log, for which there was no room in /log/ctr.log',
  ]);
});

test('L22 full disk: the rest of a torn record may itself be torn', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  for (disk.capacity = 1; disk.capacity < 49; disk.capacity++) say('abc\n');
  disk.capacity = Number.POSITIVE_INFINITY;
  say('end\n');
  assert.deepEqual(brief(logOf(disk)), ['F abc', 'F end']);
});

/** A log with half a record at its end. */
function tearRecord() {
  const disk = new LogDisk();
  const opened = openOn(disk);
  disk.capacity = 49 + 10;
  opened.say('one\ntwo\n');
  assert.equal(logOf(disk).length, 59);
  return { disk, ...opened };
}

test('L22 full disk: a torn record whose beginning somebody has cut away is not finished', () => {
  for (const left of [0, 49, 50]) {
    const { disk, say, logs, warnings } = tearRecord();
    disk.truncate('ctr.log', left);
    const before = logOf(disk);
    disk.capacity = Number.POSITIVE_INFINITY;
    say('three\n');
    logs.sync();
    logs.close();
    assert.ok(logOf(disk).startsWith(before));
    assert.deepEqual(brief(logOf(disk).slice(before.length)), ['F three'], `${left} bytes were left`);
    assert.match(warnings[1]!, /^Lost 49 bytes/);
  }
});

test('L22 full disk: a torn record that somebody has written behind is not finished', () => {
  const { disk, say } = tearRecord();
  const half = logOf(disk);
  disk.append('ctr.log', 'theirs\n');
  disk.capacity = Number.POSITIVE_INFINITY;
  say('three\n');
  assert.ok(logOf(disk).startsWith(`${half}theirs\n`));
  assert.deepEqual(brief(logOf(disk).slice(half.length + 7)), ['F three']);
});

test('L24 full disk: what somebody else wrote behind a torn record is not cut off with it', () => {
  for (const end of ['sync', 'close', 'reopen'] as const) {
    const { disk, logs } = tearRecord();
    const node = disk.directory.names.get('ctr.log')!;
    disk.append('ctr.log', 'theirs\n');
    const before = node.bytes.toString();
    logs[end]();
    assert.equal(node.bytes.toString(), before, end);
  }
});

test('L23 failure: EIO, EROFS and EPIPE are warned about once a spell, and the log goes on after it', () => {
  for (const errno of [EIO, EROFS, EPIPE]) {
    const disk = new LogDisk();
    const { say, warnings } = openOn(disk);
    for (let spell = 0; spell < 2; spell++) {
      disk.fault = call => (call === 'write' ? -errno : undefined);
      for (let i = 0; i < 3; i++) say('lost\n');
      disk.fault = () => undefined;
      say('kept\n');
    }
    assert.deepEqual(brief(logOf(disk)), ['F kept', 'F kept']);
    assert.equal(warnings.length, 4);
    assert.match(warnings[3]!, /^Lost 150 bytes/);
  }
});

test('L23 failure: what is lost at the end is told', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk);
  disk.capacity = 0;
  say('lost\n');
  logs.sync();
  logs.close();
  assert.deepEqual(warnings.slice(1), ['Lost 50 bytes of log, for which there was no room in /log/ctr.log']);
});

test('L24 full disk: a record still torn at the end is taken away', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  disk.capacity = 60;
  say('one\ntwo\n');
  assert.equal(logOf(disk).length, 60);
  logs.sync();
  assert.deepEqual(brief(logOf(disk)), ['F one']);
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F one']);
});

test('L24 full disk: wherever a record is torn, its beginning is taken away, and no more', () => {
  for (let capacity = 50; capacity < 98; capacity++) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk);
    disk.capacity = capacity;
    say('one\ntwo\n');
    assert.equal(logOf(disk).length, capacity);
    logs.sync();
    assert.deepEqual(brief(logOf(disk)), ['F one'], `torn behind ${capacity} bytes`);
  }
});

test('L24 full disk: a beginning that cannot be taken away is finished as soon as there is room', () => {
  const { disk, logs, warnings } = tearRecord();
  disk.fault = call => (call === 'ftruncate' ? -EIO : undefined);
  logs.sync();
  disk.capacity = Number.POSITIVE_INFINITY;
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F one', 'F two']);
  assert.equal(warnings.length, 1, 'nothing was lost');
});

test('L24 full disk: where it cannot be taken away from a file that is replaced, its rest is counted as lost', () => {
  const { disk, logs, say, warnings } = tearRecord();
  disk.fault = call => (call === 'ftruncate' ? -EIO : undefined);
  logs.reopen();
  disk.capacity = Number.POSITIVE_INFINITY;
  say('three\n');
  assert.deepEqual(brief(logOf(disk)), ['F three']);
  assert.match(warnings[1]!, /^Lost 39 bytes/);
});

test('L22 full disk: where the end of the file cannot be told, a torn record is neither finished nor taken away', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk);
  disk.capacity = 49 + 10;
  disk.fault = call => (call === 'fstat' ? -EIO : undefined);
  say('one\ntwo\n');
  const before = logOf(disk);
  disk.capacity = Number.POSITIVE_INFINITY;
  logs.sync();
  logs.close();
  assert.equal(logOf(disk), before);
  assert.match(warnings[1]!, /^Lost 49 bytes/);
});

test('L24 full disk: one whose rest was torn too is taken away with all of it', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  disk.capacity = 60;
  say('one\ntwo\n');
  disk.capacity = 70;
  say('three\n');
  assert.equal(logOf(disk).length, 70);
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F one']);
});

test('L24 full disk: a record torn at the time of a rotation is not left torn in the old file', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk, { logRotate: true });
  disk.capacity = 60;
  say('one\ntwo\n');
  logs.reopen();
  disk.capacity = Number.POSITIVE_INFINITY;
  say('three\n');
  assert.deepEqual(brief(disk.files['ctr.log.1']!), ['F one']);
  assert.deepEqual(brief(logOf(disk)), ['F three']);
  assert.match(warnings[1]!, /^Lost 49 bytes/, 'all of it is lost, not its rest only');
});

test('L24 full disk: at whatever byte it fills, under rotation too, no record is torn and no order lost', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ capacity: fc.nat(3000), chunk: fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }) }),
        {
          maxLength: 12,
        },
      ),
      fc.boolean(),
      (spells, logRotate) => {
        const disk = new LogDisk();
        const { logs, say } = openOn(disk, { logRotate, logMaxFiles: 50, logSizeMax: logRotate ? 400 : -1 });
        let line = 1000;
        for (const { capacity, chunk } of spells) {
          disk.capacity = capacity;
          say(chunk.map(length => `${line++}${'x'.repeat(length)}\n`).join(''));
          disk.sys.advance(1000);
        }
        disk.capacity = Number.POSITIVE_INFINITY;
        say(`${line}\n`);
        logs.close();
        const names = Object.keys(disk.files).sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)));
        const lines = names.flatMap(name => joinRecords(readRecords(disk.files[name]!)).match(/\d+/g) ?? []);
        assert.deepEqual(lines, [...new Set(lines)].sort());
        assert.equal(lines.at(-1), String(line));
        assert.equal(disk.openFds, 0);
      },
    ),
    { numRuns: 300 },
  );
});

test('L23 failure: a write of nothing at all is an error, and not tried for ever', () => {
  const disk = new LogDisk();
  const { say, warnings } = openOn(disk);
  disk.sys.answer('write', 0);
  say('lost\n');
  say('kept\n');
  assert.deepEqual(brief(logOf(disk)), ['F kept']);
  assert.deepEqual(warnings, [
    'Failed to write to log file /log/ctr.log: Input/output error',
    'Lost 50 bytes of log, for which there was no room in /log/ctr.log',
  ]);
});

test('L23 failure: a directory that is gone does no harm to the open log', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk, { logSizeMax: 100 });
  disk.fault = call => (call === 'open' ? -2 : undefined);
  for (let i = 0; i < 10; i++) say('x\n');
  logs.reopen();
  assert.equal(readRecords(logOf(disk)).length, 10);
  assert.deepEqual(warnings, ['Failed to replace log file /log/ctr.log: No such file or directory']);
});

test('L23 failure: a full disk is asked once a chunk, not once a record', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  disk.fault = call => (call === 'write' ? -ENOSPC : undefined);
  say('x\n'.repeat(1000));
  assert.equal(disk.sys.called('write').length, 1);
});

test('L23 failure: a full disk is warned about once where a chunk’s last record fills the buffer', () => {
  const disk = new LogDisk();
  const { say, warnings } = openOn(disk);
  disk.fault = call => (call === 'write' ? -ENOSPC : undefined);
  for (let i = 0; i < 2; i++) say('\n'.repeat(2671)); // with 46 bytes each, the first more than 122,834
  assert.deepEqual(warnings, ['Failed to write to log file /log/ctr.log: No space left on device']);
});

test('L25 close: replaces nothing, and a second one, of an end that broke and goes on, makes no call', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  say('a\n');
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F a']);
  const before = disk.sys.calls.length;
  logs.close();
  assert.equal(disk.sys.calls.length, before);
});
