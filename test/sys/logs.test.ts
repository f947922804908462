import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openLogs } from '../../src/logs/open-logs.ts';
import { S_IFCHR, S_IFIFO } from '../../src/sys/constants.ts';
import { EACCES, EINTR, EINVAL, EIO } from '../../src/sys/errno.ts';
import { Refusal } from '../../src/sys/errors.ts';
import { LogDisk } from './log-disk.ts';
import { brief, defaultOptions, joinRecords, openOn, readRecords } from './log-writing.ts';

const logOf = (disk: LogDisk) => disk.files['ctr.log']!;

/** Output as containers make it: short lines, long ones about the limit, empty ones, any byte. */
const output = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('\n') },
      { weight: 4, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: 8186, max: 8198 }).map(length => 'x'.repeat(length)) },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('latin1')),
      },
      { weight: 1, arbitrary: fc.integer({ min: 4090, max: 4099 }).map(length => '\xc3\xa9'.repeat(length)) },
    ),
    { maxLength: 12 },
  )
  .map(pieces => pieces.join(''));

test('L2 logs: none, off and null make no file and take everything', () => {
  for (const driver of ['none', 'off:', 'null']) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk, { logPath: [driver] });
    say('gone\n');
    logs.reopen();
    logs.end('stdout');
    logs.sync();
    logs.close();
    assert.deepEqual(disk.files, {});
  }
});

test('L2 logs: no log path at all, and a file that cannot be opened, are refused', () => {
  const disk = new LogDisk();
  assert.throws(() => openOn(disk, { logPath: [] }), new Refusal('Log driver not provided. Use --log-path'));
  disk.fault = call => (call === 'open' ? -EACCES : undefined);
  assert.throws(() => openOn(disk), new Refusal('Failed to open log file /log/ctr.log: Permission denied'));
});

test('L2 logs: a second path that is refused leaves no file for the first', () => {
  const disk = new LogDisk();
  assert.throws(() => openOn(disk, { logPath: ['/log/a', 'nix:'] }), new Refusal('No such log driver nix'));
  assert.deepEqual(disk.files, {});
});

test('L3 logs: of several files the last is written', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, { logPath: ['/log/a', 'none', 'k8s-file:/log/b'] });
  say('x\n');
  logs.close();
  assert.deepEqual(Object.keys(disk.files), ['b']);
});

test('L3 logs: a file and the journal at once both get everything', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, { logPath: ['/log/ctr.log', 'journald:'], logTag: 'tag' });
  say('one\ntw');
  say('o\n');
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F one', 'F two']);
  const sent = Buffer.concat(disk.sys.called('sendto', 'send').map(call => call[2] as Buffer)).toString(
    'latin1',
  );
  assert.match(sent, /one\n/);
  assert.match(sent, /two\n/);
});

test('L3 logs: passthrough is told to the caller, beside other drivers too', () => {
  assert.equal(openOn(new LogDisk(), { logPath: ['passthrough'] }).logs.passthrough, true);
  assert.equal(openOn(new LogDisk(), { logPath: ['/log/a', 'passthrough:'] }).logs.passthrough, true);
  assert.equal(openOn(new LogDisk()).logs.passthrough, false);
});

test('L4 logs: a tag or label for a file alone is refused, after the file was made', () => {
  const disk = new LogDisk();
  assert.throws(() => openOn(disk, { logTag: '' }), new Refusal("k8s-file doesn't support --log-tag"));
  assert.throws(
    () => openOn(disk, { logLabel: ['A=b'] }),
    new Refusal("k8s-file doesn't support --log-label"),
  );
  assert.deepEqual(Object.keys(disk.files), ['ctr.log']);
  openOn(new LogDisk(), { logPath: ['none'], logTag: 't', logLabel: ['A=b'] });
});

test('L5 logs: --no-container-partial-message without the journal is only warned about', () => {
  const message = '--no-container-partial-message has no effect without journald log driver';
  assert.deepEqual(openOn(new LogDisk(), { noContainerPartialMessage: true }).warnings, [message]);
});

test('L6 record: time, stream, tag and text', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  say('one\n\n');
  say('two\n', 'stderr');
  const at = '2023-11-14T22:13:20.000000000+00:00';
  assert.equal(logOf(disk), `${at} stdout F one\n${at} stdout F \n${at} stderr F two\n`);
});

test('L7 record: a read boundary does not split a line, and streams do not mix', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  say('out');
  say('err', 'stderr');
  say('put\n');
  say('or\n', 'stderr');
  assert.deepEqual(brief(logOf(disk)), ['F output', 'F error']);
});

test('L7 record: up to 8192 bytes of a line are kept without a call, not even for the time', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  const before = disk.sys.calls.length;
  for (const piece of ['a', 'b'.repeat(190), 'c'.repeat(8001)]) say(piece);
  assert.equal(disk.sys.calls.length, before);
});

test('L8 record: a line of 8192 bytes is one F record, with its newline or before it', () => {
  const line = 'x'.repeat(8192);
  for (const pieces of [[`${line}\n`], [line, '\n']]) {
    const disk = new LogDisk();
    const { say } = openOn(disk);
    for (const piece of pieces) say(piece);
    assert.deepEqual(brief(logOf(disk)), [`F ${line}`]);
  }
});

test('L8 record: a line of 8192 bytes behind another one is whole, too, when its newline comes later', () => {
  const line = 'x'.repeat(8192);
  const disk = new LogDisk();
  const { say } = openOn(disk);
  for (const piece of [`a\n${line}`, '\n']) say(piece);
  assert.deepEqual(brief(logOf(disk)), ['F a', `F ${line}`]);
});

test('L8 record: a line of 8193 bytes is cut into P 8192 and F 1', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  say(`${'x'.repeat(8192)}y\nz\n`);
  assert.deepEqual(brief(logOf(disk)), [`P ${'x'.repeat(8192)}`, 'F y', 'F z']);
});

/** Text as the chunks of these tests have it: a character for each byte. */
const inBytes = (text: string): string => Buffer.from(text).toString('latin1');

test('L8 record: a long line is not cut inside a character, with its newline or before it', () => {
  const line = inBytes(`xx${'😀'.repeat(5000)}`);
  for (const pieces of [[`${line}\n`], [line, '\n'], [...(line.match(/.{1,1000}/gs) ?? []), '\n']]) {
    const disk = new LogDisk();
    const { say } = openOn(disk);
    for (const piece of pieces) say(piece);
    assert.deepEqual(brief(logOf(disk)), [
      `P ${line.slice(0, 8190)}`,
      `P ${line.slice(8190, 8190 + 8192)}`,
      `F ${line.slice(8190 + 8192)}`,
    ]);
  }
});

test('L9 record: a character that is not yet whole comes with its rest, or at the end of the stream', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  const [prompt, sum] = [inBytes('naïve> '), inBytes('5 €')];
  for (const piece of [prompt.slice(0, 3), prompt.slice(3), sum.slice(0, 3), sum.slice(3, 4), sum.slice(4)]) {
    say(piece);
    logs.pause('stdout');
  }
  say(sum.slice(0, 4));
  logs.pause('stdout');
  logs.end('stdout');
  logs.end('stdout');
  const texts = [
    'P na',
    `P ${inBytes('ïve> ')}`,
    'P 5 ',
    `P ${inBytes('€')}`,
    'P 5 ',
    `P ${sum.slice(2, 4)}`,
  ];
  assert.deepEqual(brief(logOf(disk)), texts);
});

test('L9 record: an unfinished tail is P as soon as the stream pauses; its newline then makes an empty F', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  say('prompt> ');
  assert.equal(logOf(disk), '');
  logs.pause('stdout');
  logs.pause('stdout');
  say('\n');
  assert.deepEqual(brief(logOf(disk)), ['P prompt> ', 'F ']);
});

test('L10 record: at the end an unfinished tail is P, and nothing follows it', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  say('done\nno newline');
  logs.end('stdout');
  logs.end('stderr');
  logs.close();
  assert.deepEqual(brief(logOf(disk)), ['F done', 'P no newline']);
});

test('L11 record: all of a chunk has one time', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  disk.sys.always('clockGettime', (_clock, out) => {
    disk.sys.advance(1);
    out.set(disk.sys.realtime);
    return 0;
  });
  say('a\nb\nc\n');
  say('d\n');
  assert.equal(new Set(readRecords(logOf(disk)).map(({ time }) => time)).size, 2);
});

test('L12 file: made with mode 0640, appended to when it is there', () => {
  const disk = new LogDisk();
  openOn(disk).say('one\n');
  assert.equal(disk.mode('ctr.log'), 0o640);
  openOn(disk).say('two\n');
  assert.deepEqual(brief(logOf(disk)), ['F one', 'F two']);
});

test('L13 file: a fifo or device has no size limit, is not replaced, synced or cut', () => {
  for (const type of [S_IFIFO, S_IFCHR]) {
    const disk = new LogDisk();
    disk.put('ctr.log', '', type | 0o666);
    const { logs, say, warnings } = openOn(disk, { logSizeMax: 100 });
    disk.fault = call => (call === 'fsync' ? -EINVAL : undefined);
    for (let i = 0; i < 10; i++) say(`${i}\n`);
    logs.reopen();
    logs.sync();
    logs.close();
    assert.equal(readRecords(logOf(disk)).length, 10);
    assert.deepEqual([Object.keys(disk.files), warnings], [['ctr.log'], []]);
  }
});

test('L13 file: /dev/stdout is never replaced, even where it is a file', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk, { logPath: ['/dev/stdout'], logSizeMax: 60 });
  say('a\nb\nc\n');
  logs.reopen();
  assert.deepEqual(disk.sys.called('renameat', 'openat', 'unlinkat'), []);
  assert.deepEqual(warnings, [], 'it was not tried');
  assert.deepEqual(brief(disk.files['stdout']!), ['F a', 'F b', 'F c']);
});

test('L25 sync: the file is synced, but not with --no-sync-log', () => {
  for (const noSyncLog of [false, true]) {
    const disk = new LogDisk();
    openOn(disk, { noSyncLog }).logs.sync();
    assert.equal(disk.sys.called('fsync').length, noSyncLog ? 0 : 1);
  }
});

test('L25 sync: one that fails is warned about', () => {
  const disk = new LogDisk();
  const { logs, warnings } = openOn(disk);
  disk.sys.always('fsync', -EIO);
  logs.sync();
  assert.deepEqual(warnings, ['Failed to sync log file /log/ctr.log: Input/output error']);
});

test('L26 record: any bytes in any pieces, with pauses, come back from the records', () => {
  fc.assert(
    fc.property(
      output,
      fc.array(fc.record({ length: fc.integer({ min: 1, max: 9000 }), pause: fc.boolean() }), {
        maxLength: 40,
      }),
      (text, pieces) => {
        const disk = new LogDisk();
        const { logs, say } = openOn(disk);
        let at = 0;
        for (const { length, pause } of [...pieces, { length: Number.MAX_SAFE_INTEGER, pause: false }]) {
          const piece = text.slice(at, at + length);
          at += piece.length;
          if (piece !== '') say(piece);
          if (pause) logs.pause('stdout');
        }
        logs.end('stdout');
        assert.equal(joinRecords(readRecords(logOf(disk))), text);
      },
    ),
    { numRuns: 300 },
  );
});

test('L7 record: fed whole or byte by byte, the records are the same', () => {
  fc.assert(
    fc.property(output, text => {
      const logged = [[text], [...text]].map(pieces => {
        const disk = new LogDisk();
        const { logs, say } = openOn(disk);
        for (const piece of pieces) if (piece !== '') say(piece);
        logs.end('stdout');
        return brief(logOf(disk));
      });
      assert.deepEqual(logged[1], logged[0]);
    }),
    { numRuns: 30 },
  );
});

test('L26 record: a chunk may end where its buffer ends, or anywhere in it', () => {
  const lines = 'a\nbb\nccc\ndddd\n\n';
  for (let spare = 0; spare < 6; spare++) {
    const disk = new LogDisk();
    const logs = openLogs(disk.sys, defaultOptions, message => assert.fail(message));
    const buf = new Uint8Array(8192 + lines.length + spare).fill(0x0a);
    buf.set(Buffer.from(lines), 8192);
    logs.write('stdout', buf, 8192, 8192 + lines.length);
    assert.deepEqual(brief(logOf(disk)), ['F a', 'F bb', 'F ccc', 'F dddd', 'F ']);
  }
});

test('L26 record: a chunk without room in front of it for the unfinished line is refused', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  say('abc');
  assert.throws(
    () => logs.write('stdout', Buffer.from('12d\n'), 2, 4),
    new RangeError('No head room in front of the chunk'),
  );
});

test('L26 record: a chunk of 64 KiB of one-byte lines, or of none, is all there', () => {
  for (const text of ['x\n'.repeat(32_768), '\n'.repeat(65_536), 'y'.repeat(65_536)]) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk);
    say(text);
    logs.end('stdout');
    assert.equal(joinRecords(readRecords(logOf(disk))), text);
  }
});

test('L26 record: the longest record fits behind whatever has gathered before it', () => {
  const longest = 'y'.repeat(8192);
  for (let textBytes = 0; textBytes < 50; textBytes++) {
    const disk = new LogDisk();
    const { say } = openOn(disk);
    const text = `${'\n'.repeat(2669)}${'x'.repeat(textBytes)}\n${longest}\n`; // 14 bytes fill the buffer exactly
    say(text);
    assert.equal(joinRecords(readRecords(logOf(disk))), text);
  }
});

test('L26 record: the pieces of a long line fit behind as many lines as may gather', () => {
  for (const lines of [2600, 2665, 2670, 2671]) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk);
    const text = '\n'.repeat(lines) + 'y'.repeat(62_000);
    say(text);
    logs.end('stdout');
    assert.equal(joinRecords(readRecords(logOf(disk))), text);
  }
});

test('L26 write: interrupted and short writes go on where they were', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk);
  let calls = 0;
  disk.sys.always('write', (_fd, buf, offset, length) => {
    if (calls++ % 2 === 0) return -EINTR;
    const node = disk.directory.names.get('ctr.log')!;
    node.bytes = Buffer.concat([node.bytes, buf.subarray(offset, offset + Math.min(length, 7))]);
    return Math.min(length, 7);
  });
  say('one line\nanother line\n');
  assert.deepEqual(brief(logOf(disk)), ['F one line', 'F another line']);
});
