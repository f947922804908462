import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  S_IFDIR,
} from '../../src/sys/constants.ts';
import { EACCES, EIO, ENOSPC, EROFS } from '../../src/sys/errno.ts';
import { LogDisk } from './log-disk.ts';
import { brief, joinRecords, openOn, readRecords } from './log-writing.ts';

/** A record of a text of so many bytes: its prefix, and its newline. */
const recordBytes = (textBytes: number) => 45 + textBytes + 1;
const rotating = { logRotate: true, logMaxFiles: 3, logSizeMax: 3 * recordBytes(4) };

const logOf = (disk: LogDisk) => disk.files['ctr.log'] ?? '';

/** All that is kept, oldest first. */
function everything(disk: LogDisk): string {
  const backups = Object.keys(disk.files)
    .filter(name => /^ctr\.log\.\d+$/.test(name))
    .sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)));
  return [...backups, 'ctr.log'].map(name => disk.files[name] ?? '').join('');
}

test('L14 size limit: a record that does not fit begins a new file, what was there is gone', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logSizeMax: 2 * recordBytes(4) });
  say('aaaa\nbbbb\n');
  assert.deepEqual(brief(logOf(disk)), ['F aaaa', 'F bbbb']);
  say('cccc\n');
  assert.deepEqual(brief(logOf(disk)), ['F cccc']);
  assert.deepEqual(Object.keys(disk.files), ['ctr.log']);
});

test('L14 size limit: counts what was in the file at the start', () => {
  const disk = new LogDisk();
  disk.put('ctr.log', 'x'.repeat(recordBytes(4)));
  const { say } = openOn(disk, { logSizeMax: 2 * recordBytes(4) });
  say('aaaa\n');
  assert.equal(logOf(disk).length, 2 * recordBytes(4));
  say('b\n');
  assert.deepEqual(brief(logOf(disk)), ['F b']);
});

test('L14 size limit: within one chunk, the file never has more than it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 2000 }),
      fc.array(fc.nat(14), { maxLength: 300 }),
      (logSizeMax, lengths) => {
        const disk = new LogDisk();
        const { say } = openOn(disk, { logSizeMax, logRotate: true, logMaxFiles: 500 });
        const text = lengths.map(length => `${'x'.repeat(length)}\n`).join('');
        if (text !== '') say(text);
        for (const content of Object.values(disk.files)) assert.ok(content.length <= logSizeMax);
        assert.equal(joinRecords(readRecords(everything(disk))), text);
      },
    ),
    { numRuns: 60 },
  );
});

test('L14 size limit: is held where one chunk is several times what records are gathered in', () => {
  const disk = new LogDisk();
  const logSizeMax = 200_000;
  const { say } = openOn(disk, { logSizeMax, logRotate: true, logMaxFiles: 50 });
  const text = 'x\n'.repeat(20_000); // 940,000 bytes of records
  say(text);
  for (const content of Object.values(disk.files)) assert.ok(content.length <= logSizeMax);
  assert.equal(Object.keys(disk.files).length, Math.ceil(20_000 / Math.floor(logSizeMax / recordBytes(1))));
  assert.equal(joinRecords(readRecords(everything(disk))), text);
});

test('L14 size limit: is held by the pieces of a long line, too', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, { logSizeMax: 20_000, logRotate: true, logMaxFiles: 9 });
  const text = 'y'.repeat(62_000);
  say(text);
  logs.end('stdout');
  for (const content of Object.values(disk.files)) assert.ok(content.length <= 20_000);
  assert.equal(joinRecords(readRecords(everything(disk))), text);
});

test('L14 size limit: what goes into one file is one write', () => {
  const disk = new LogDisk();
  openOn(disk, { ...rotating, logMaxFiles: 9 }).say('aaaa\nbbbb\ncccc\n'.repeat(4));
  assert.equal(Object.keys(disk.files).length, 4);
  assert.equal(disk.sys.called('write').length, 4);
});

test('L14 size limit: 0 and less are no limit, of one file and of all', () => {
  for (const none of [0, -1]) {
    const disk = new LogDisk();
    const { say } = openOn(disk, { logSizeMax: none, logGlobalSizeMax: none });
    for (const text of ['a\nb\n', 'c\n']) say(text);
    assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F c']);
    assert.equal(disk.sys.called('write').length, 2);
  }
});

test('L14 size limit: a log is open for appending, the first file and each new one', () => {
  for (const renews of [false, true]) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk);
    if (renews) logs.reopen();
    say('aaaa\n');
    disk.truncate('ctr.log');
    say('b\n');
    assert.deepEqual(brief(logOf(disk)), ['F b'], renews ? 'a new file' : 'the first file');
  }
});

test('L15 size limit: a record larger than it is in a file of its own', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logSizeMax: 10, logRotate: true, logMaxFiles: 9 });
  say('a\nb\nc\n');
  assert.deepEqual(Object.values(disk.files).map(brief).sort(), [['F a'], ['F b'], ['F c']]);
});

test('L16 global limit: stops at the record after which it is reached, across files and for good', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, {
    logGlobalSizeMax: 5 * recordBytes(1) - 1,
    logSizeMax: 2 * recordBytes(1),
    logRotate: true,
    logMaxFiles: 9,
  });
  say('a\nb\nc\nd\ne\nf\ng\n');
  say('h\n');
  say('tail');
  logs.reopen();
  logs.end('stdout');
  assert.deepEqual(brief(everything(disk)), ['F a', 'F b', 'F c', 'F d', 'F e']);
});

test('L16 global limit: a record that ends exactly at it is the last', () => {
  for (const said of [['a\nb\nc\nd\n'], ['a\nb\n', 'c\n', 'd\n'], ['a\n', 'b\nc\nd\n', 'e\n']]) {
    const disk = new LogDisk();
    const { say } = openOn(disk, { logGlobalSizeMax: 3 * recordBytes(1) });
    for (const text of said) say(text);
    assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F c'], said.join('|'));
  }
});

test('L16 global limit: a record that reaches it and fills its file is in that file', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logSizeMax: 2 * recordBytes(1), logGlobalSizeMax: 2 * recordBytes(1) });
  say('a\nb\nc\n');
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
});

test('L16 global limit: once it is reached, what comes makes no call', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logGlobalSizeMax: 1 });
  say('a\n');
  const before = disk.sys.calls.length;
  say('b\nc\nd');
  assert.equal(disk.sys.calls.length, before);
});

test('L16 global limit: counts what was there at the start', () => {
  const disk = new LogDisk();
  disk.put('ctr.log', 'x'.repeat(100));
  openOn(disk, { logGlobalSizeMax: 100 }).say('a\n');
  assert.equal(logOf(disk).length, 100);
});

test('L16 global limit: counts a record that was torn and finished, once', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logGlobalSizeMax: 3 * recordBytes(1) });
  disk.capacity = recordBytes(1) + 10;
  say('a\nb\n');
  disk.capacity = Number.POSITIVE_INFINITY;
  for (const text of ['c\n', 'd\n', 'e\n']) say(text);
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b', 'F c']);
});

test('L16 global limit: does not count a record that was torn and given up', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { logGlobalSizeMax: 3 * recordBytes(1) });
  disk.capacity = recordBytes(1) + 10;
  say('a\nb\n');
  disk.truncate('ctr.log', recordBytes(1)); // by somebody else: b is not finished
  disk.capacity = Number.POSITIVE_INFINITY;
  for (const text of ['c\n', 'd\n', 'e\n']) say(text);
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F c', 'F d']);
});

test('L17 rotation: LOG.1 is the newest, no more than --log-max-files are kept', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, rotating);
  for (let i = 0; i < 15; i++) say(`${1000 + i}\n`);
  assert.deepEqual(Object.keys(disk.files).sort(), ['ctr.log', 'ctr.log.1', 'ctr.log.2', 'ctr.log.3']);
  assert.equal(
    joinRecords(readRecords(everything(disk))),
    Array.from({ length: 12 }, (_, i) => `${1003 + i}\n`).join(''),
  );
  assert.equal(disk.mode('ctr.log'), 0o640);
});

test('L17 rotation: with --log-max-files 1 there is no LOG.2', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { ...rotating, logMaxFiles: 1 });
  for (let i = 0; i < 20; i++) say(`${1000 + i}\n`);
  assert.deepEqual(Object.keys(disk.files).sort(), ['ctr.log', 'ctr.log.1']);
});

test('L17 rotation: the last file is shifted first, then the log is kept and the new file placed', () => {
  const disk = new LogDisk();
  for (const name of ['ctr.log.1', 'ctr.log.2', 'ctr.log.3']) disk.put(name, '');
  openOn(disk, rotating).logs.reopen();
  assert.deepEqual(
    disk.sys.called('renameat').map(([, , from, , to]) => [from, to]),
    [
      ['ctr.log.2', 'ctr.log.3'],
      ['ctr.log.1', 'ctr.log.2'],
      ['ctr.log', 'ctr.log.1'],
      ['ctr.log.new', 'ctr.log'],
    ],
  );
});

test('L17 rotation: files are shifted as far as there are some, and those behind a gap stay', () => {
  const disk = new LogDisk();
  for (const name of ['ctr.log.1', 'ctr.log.2', 'ctr.log.4']) disk.put(name, name);
  openOn(disk, { ...rotating, logMaxFiles: 9 }).logs.reopen();
  const { 'ctr.log.1': newest, ...older } = disk.files;
  assert.equal(newest, '');
  assert.deepEqual(older, {
    'ctr.log': '',
    'ctr.log.2': 'ctr.log.1',
    'ctr.log.3': 'ctr.log.2',
    'ctr.log.4': 'ctr.log.4',
  });
});

test('L17 rotation: is not begun where it cannot be told which files there are', () => {
  const disk = new LogDisk();
  const { logs, warnings } = openOn(disk, rotating);
  disk.fault = (call, detail) => (call === 'lstatat' && detail === 'ctr.log.1' ? -EIO : undefined);
  logs.reopen();
  assert.deepEqual(Object.keys(disk.files), ['ctr.log']);
  assert.deepEqual(warnings, ['Failed to replace log file /log/ctr.log: Input/output error']);
});

test('L17 rotation: what it takes goes by the files that there are, not by --log-max-files', () => {
  const disk = new LogDisk();
  disk.put('ctr.log.1', '');
  const heapBefore = process.memoryUsage().heapUsed;
  const { logs, warnings } = openOn(disk, { ...rotating, logMaxFiles: 2 ** 31 - 1 });
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 10e6, 'a list for each file');
  logs.reopen();
  assert.equal(disk.sys.called('renameat').length, 3);
  assert.ok(disk.sys.called('lstatat').length <= 3);
  assert.deepEqual(warnings, []);
});

test('L18 rotation: whichever call fails, nothing is lost or torn, and it is done a second later', () => {
  for (const errno of [ENOSPC, EIO, EROFS, EACCES]) {
    for (let failing = 0; ; failing++) {
      const disk = new LogDisk();
      disk.put('ctr.log.1', '2023-11-14T22:13:20.000000000+00:00 stdout F older\n');
      const { logs, say, warnings } = openOn(disk, rotating);
      say('1000\n1001\n1002\n');
      let call = 0;
      disk.fault = (name, detail) => {
        if (name === 'write' || (name === 'unlinkat' && detail === 'ctr.log.new')) return undefined;
        return call++ === failing ? -errno : undefined;
      };
      say('1003\n');
      const wasReached = call > failing;
      disk.fault = () => undefined;
      disk.sys.advance(1000);
      say('1004\n');
      logs.close();
      const label = `call ${failing}, ${errno}`;
      assert.equal(
        joinRecords(readRecords(everything(disk))),
        'older\n1000\n1001\n1002\n1003\n1004\n',
        label,
      );
      assert.equal(disk.openFds, 0, label);
      assert.equal('ctr.log.new' in disk.files, false, label);
      assert.ok('ctr.log' in disk.files && 'ctr.log.1' in disk.files, label);
      if (!wasReached) break;
      assert.ok(warnings.length <= 1, `${label}: ${warnings}`);
    }
  }
});

test('L18 rotation: while it cannot be done it is tried once a second, warned about once, and the log goes on', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk, rotating);
  disk.fault = (call, detail) => (call === 'renameat' && detail.endsWith(' ctr.log') ? -EIO : undefined);
  for (let i = 0; i < 40; i++) {
    say(`${1000 + i}\n`);
    disk.sys.advance(100);
  }
  const tries = disk.sys
    .called('renameat')
    .filter(call => call[4] === 'ctr.log' && call[2] === 'ctr.log.new').length;
  assert.ok(tries >= 3 && tries <= 5, `${tries}`);
  assert.deepEqual(warnings, ['Failed to replace log file /log/ctr.log: Input/output error']);
  logs.close();
  assert.equal(readRecords(everything(disk)).length, 40);
  assert.equal('ctr.log.new' in disk.files, false);
  assert.equal(disk.openFds, 0);
});

/** Lets the new file not be placed, and nothing else fail. */
function refusePlacing(disk: LogDisk): void {
  disk.fault = (call, detail) =>
    call === 'renameat' && /^ctr\.log\.(new|tmp) /.test(detail) ? -EIO : undefined;
}

test('L18 rotation: while the new file cannot be placed, the old log is back under its name, and is kept later', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, rotating);
  say('1000\n');
  const before = logOf(disk);
  refusePlacing(disk);
  logs.reopen();
  const meanwhile = disk.files;
  assert.deepEqual(meanwhile, { 'ctr.log': before, 'ctr.log.new': '' });
  say('1001\n');
  disk.fault = () => undefined;
  disk.sys.advance(1000);
  say('1002\n');
  disk.sys.advance(1000);
  say('1003\n');
  assert.deepEqual(brief(disk.files['ctr.log.1']!), ['F 1000', 'F 1001']);
  assert.deepEqual(brief(logOf(disk)), ['F 1002', 'F 1003'], 'it was done once');
});

test('L18 rotation: what has not been possible is tried a last time at the end', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, rotating);
  say('1000\n');
  disk.fault = call => (call === 'openat' ? -ENOSPC : undefined);
  logs.reopen();
  disk.fault = () => undefined;
  logs.close();
  assert.equal(logOf(disk), '');
  assert.deepEqual(brief(disk.files['ctr.log.1']!), ['F 1000']);
});

test('L18 rotation: as soon as one that had failed is done, the limit holds again', () => {
  const disk = new LogDisk();
  const { say } = openOn(disk, { ...rotating, logMaxFiles: 9 });
  refusePlacing(disk);
  say('1000\n1001\n1002\n1003\n');
  disk.fault = () => undefined;
  disk.sys.advance(1000);
  say('1004\n1005\n1006\n1007\n');
  assert.equal(joinRecords(readRecords(everything(disk))).length, 8 * 5);
  assert.ok(disk.files['ctr.log.2']!.length > rotating.logSizeMax, 'the one that could not be replaced');
  for (const name of ['ctr.log', 'ctr.log.1'])
    assert.ok(disk.files[name]!.length <= rotating.logSizeMax, name);
});

test('L18 rotation: where somebody removes the new file before it is placed, another one is made', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, rotating);
  say('1000\n');
  let removals = 0;
  disk.fault = (call, detail) => {
    if (call === 'renameat' && detail === 'ctr.log.new ctr.log' && removals++ === 0)
      disk.remove('ctr.log.new');
    return undefined;
  };
  logs.reopen();
  assert.equal('ctr.log' in disk.files, false);
  say('1001\n');
  disk.sys.advance(1000);
  say('1002\n');
  assert.deepEqual(brief(logOf(disk)), ['F 1002']);
  assert.equal(joinRecords(readRecords(everything(disk))), '1000\n1001\n1002\n');
  assert.equal(disk.openFds, 1);
});

test('L18 rotation: where the log was not kept, nothing is shifted, and no other LOG.1 is taken for it', () => {
  for (const logRotate of [false, true]) {
    const disk = new LogDisk();
    disk.put('ctr.log.1', 'older');
    const { logs, say } = openOn(disk, { logRotate, logMaxFiles: 3 });
    if (logRotate) disk.remove('ctr.log');
    refusePlacing(disk);
    logs.reopen();
    disk.fault = () => undefined;
    disk.sys.advance(1000);
    say('a\n');
    assert.equal(disk.files['ctr.log.1'], 'older');
    assert.deepEqual(brief(logOf(disk)), ['F a']);
  }
});

test('L18 reopen: a second one while the first has not been possible goes on with it', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk);
  say('a\n');
  refusePlacing(disk);
  logs.reopen();
  const before = disk.sys.called('renameat').length;
  for (let i = 0; i < 5; i++) say('b\n');
  assert.equal(disk.sys.called('renameat').length, before, 'it is not tried again in the same second');
  disk.fault = () => undefined;
  logs.reopen();
  assert.equal(logOf(disk), '');
});

test('L14 size limit: holds after a new file was asked for, in the same second too', () => {
  const disk = new LogDisk();
  const { logs, say } = openOn(disk, { logSizeMax: 2 * recordBytes(4) });
  say('aaaa\n');
  logs.reopen();
  say('bbbb\ncccc\ndddd\n');
  assert.deepEqual(brief(logOf(disk)), ['F dddd']);
});

test("L19 rotation: is refused for a link, a stranger in the log's place, an open or foreign directory, a path with ..", () => {
  const cases: [string, (disk: LogDisk) => void, RegExp, string?][] = [
    ['link', disk => disk.symlink('ctr.log'), /symbolic link/],
    ['stranger', disk => disk.put('ctr.log', ''), /another file/],
    ['open directory', disk => disk.change({ mode: S_IFDIR | 0o777 }), /writable by everyone/],
    ['foreign directory', disk => disk.change({ uid: 1234 }), /belongs to user 1234/],
    ['dots', () => {}, /\.\. in it/, '/log/../log/ctr.log'],
    ['dots in front', () => {}, /\.\. in it/, '../log/ctr.log'],
  ];
  for (const [name, spoil, why, path = '/log/ctr.log'] of cases) {
    const disk = new LogDisk();
    const { logs, say, warnings } = openOn(disk, { ...rotating, logPath: [path] });
    say('aaaa\nbbbb\ncccc\n');
    spoil(disk);
    const before = Object.keys(disk.files);
    say('dddd\n');
    logs.close();
    assert.deepEqual(Object.keys(disk.files), before, name);
    assert.equal(warnings.length, 1, name);
    assert.match(warnings[0]!, why, name);
  }
});

test('L19 rotation: a sticky directory for all will do as long as the log is there', () => {
  const disk = new LogDisk();
  disk.change({ mode: S_IFDIR | 0o1777 });
  const { logs, warnings } = openOn(disk, rotating);
  logs.reopen();
  assert.deepEqual(warnings, []);
  disk.remove('ctr.log');
  logs.reopen();
  assert.match(warnings[0]!, /writable by everyone/);
});

test('L19 rotation: only within the directories of --log-allowlist-dir', () => {
  for (const [allowed, isAllowed] of [
    [['/log'], true],
    [['', '/nowhere', '/log'], true],
    [['/'], true],
    [['/other'], false],
    [['/lo'], false],
  ] as const) {
    const disk = new LogDisk();
    disk.put('other', '', S_IFDIR | 0o755);
    const { logs, warnings } = openOn(disk, { ...rotating, logAllowlistDir: allowed });
    logs.reopen();
    assert.equal('ctr.log.1' in disk.files, isAllowed, allowed.join());
    assert.equal(warnings.length, isAllowed ? 0 : 1);
    logs.close();
    assert.equal(disk.openFds, 0);
  }
});

test('L19 rotation: outside of --log-allowlist-dir the way up is looked at once, to the root', () => {
  const disk = new LogDisk();
  disk.put('other', '', S_IFDIR | 0o755);
  openOn(disk, { ...rotating, logAllowlistDir: ['/other'] }).logs.reopen();
  const parents = disk.sys.called('openat').filter(([, , name]) => name === '..');
  assert.equal(parents.length, 2, 'the root from /log, and the root again');
});

test('L19 rotation: a directory above the log that cannot be looked at is in none of --log-allowlist-dir', () => {
  for (const [call, why] of [
    ['openat', 'no way up'],
    ['fstat', 'what the log is in'],
  ] as const) {
    const disk = new LogDisk();
    const { logs, warnings } = openOn(disk, { ...rotating, logAllowlistDir: ['/'] });
    disk.fault = (name, detail) => {
      const isDirectory = name === 'fstat' && disk.isOpen(Number(detail), disk.directory);
      return name === call && (detail === '..' || isDirectory) ? -EACCES : undefined;
    };
    logs.reopen();
    assert.equal('ctr.log.1' in disk.files, false, why);
    assert.match(warnings.join(), /outside of the directories of --log-allowlist-dir/, why);
    logs.close();
    assert.equal(disk.openFds, 0, why);
  }
});

test('L19 rotation: directories need not be readable, so long as they can be searched', () => {
  const disk = new LogDisk();
  openOn(disk, { ...rotating, logAllowlistDir: ['/'] }).logs.reopen();
  const opened = disk.sys.called('open', 'openat').filter(([, ...args]) => !String(args).includes('ctr.log'));
  assert.deepEqual(
    opened.map(([name, ...args]) => args[name === 'open' ? 1 : 2]),
    new Array(3).fill(O_PATH | O_CLOEXEC),
  );
});

test('L19 rotation: a directory of root’s will do for a log of ours, and one of our own', () => {
  for (const uid of [0, 1000]) {
    const disk = new LogDisk();
    disk.uid = 1000;
    disk.change({ uid });
    const { logs, warnings } = openOn(disk, rotating);
    logs.reopen();
    assert.deepEqual(warnings, []);
    assert.ok('ctr.log.1' in disk.files);
  }
});

test('L19 rotation: is refused where its directory cannot be looked at', () => {
  const disk = new LogDisk();
  const { logs, warnings } = openOn(disk, rotating);
  disk.fault = (call, detail) =>
    call === 'fstat' && disk.isOpen(Number(detail), disk.directory) ? -EIO : undefined;
  logs.reopen();
  assert.deepEqual(Object.keys(disk.files), ['ctr.log']);
  assert.match(warnings.join(), /its directory cannot be looked at/);
});

/** The inode numbers 2^53 and 2^53 + 1, which are one to a number of ours. */
const alikeInodes = [
  [2 ** 21, 0],
  [2 ** 21, 1],
] as const;

test('L19 rotation: two directories whose inode numbers differ only above 2^53 are not one', () => {
  for (const [inode, isAllowed] of [
    [alikeInodes[0], true],
    [alikeInodes[1], false],
  ] as const) {
    const disk = new LogDisk();
    disk.directory.inode = alikeInodes[0];
    disk.put('other', '', S_IFDIR | 0o755).inode = inode;
    const { logs, warnings } = openOn(disk, { ...rotating, logAllowlistDir: ['/other'] });
    logs.reopen();
    assert.equal('ctr.log.1' in disk.files, isAllowed);
    assert.equal(warnings.length, isAllowed ? 0 : 1);
  }
});

test('L19 rotation: a file whose inode number differs from the log’s only above 2^53 is not the log', () => {
  const disk = new LogDisk();
  disk.put('ctr.log', '').inode = alikeInodes[0];
  const { logs, say, warnings } = openOn(disk, rotating);
  say('a\n');
  disk.put('ctr.log', 'somebody else’s').inode = alikeInodes[1];
  logs.reopen();
  assert.deepEqual(Object.keys(disk.files), ['ctr.log']);
  assert.match(warnings.join(), /another file has taken its place/);
});

test('L20 new file: one that a killed monitor left is replaced, anything that cannot be removed is not used', () => {
  for (const [options, name] of [
    [{}, 'ctr.log.tmp'],
    [{ logRotate: true }, 'ctr.log.new'],
  ] as const) {
    const disk = new LogDisk();
    disk.symlink(name);
    const { logs, say, warnings } = openOn(disk, options);
    logs.reopen();
    say('a\n');
    assert.deepEqual([brief(logOf(disk)), warnings], [['F a'], []]);
    disk.put(name, '', S_IFDIR | 0o755);
    logs.reopen();
    assert.deepEqual(warnings, ['Failed to replace log file /log/ctr.log: File exists']);
    say('b\n');
    assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
  }
});

test("L21 reopen: a new file appears in the directory under the log's name, also after it was moved or deleted", () => {
  for (const logRotate of [false, true]) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk, { logRotate });
    say('a\n');
    disk.remove('ctr.log');
    disk.created.length = 0;
    logs.reopen();
    assert.equal(disk.created.at(-1), 'ctr.log');
    say('b\n');
    assert.deepEqual(disk.files['ctr.log.1'], undefined);
    assert.deepEqual(brief(logOf(disk)), ['F b']);
    assert.equal(disk.mode('ctr.log'), 0o640);
  }
});

test('L21 reopen: with --log-rotate what was there is LOG.1, without it is gone', () => {
  for (const logRotate of [false, true]) {
    const disk = new LogDisk();
    const { logs, say } = openOn(disk, { logRotate });
    say('a\nunfin');
    logs.reopen();
    say('ished\n');
    assert.deepEqual(brief(logOf(disk)), ['F unfinished']);
    assert.deepEqual(brief(disk.files['ctr.log.1'] ?? ''), logRotate ? ['F a'] : []);
  }
});

test('L21 reopen: where nothing is kept, any directory and whatever is in the log’s place will do', () => {
  const disk = new LogDisk();
  disk.uid = 1000;
  const { logs, say, warnings } = openOn(disk);
  disk.symlink('ctr.log');
  disk.change({ mode: S_IFDIR | 0o777, uid: 1234 });
  logs.reopen();
  say('a\n');
  assert.deepEqual([brief(logOf(disk)), warnings], [['F a'], []]);
});

test('L21 reopen: the new file is opened to be appended to, and only where there is none', () => {
  const disk = new LogDisk();
  const { logs } = openOn(disk);
  logs.reopen();
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  assert.deepEqual(
    disk.sys.called('openat').map(call => call.slice(2)),
    [['ctr.log.tmp', flags, 0o640]],
  );
});

test('L21 reopen: goes by the directory that the path names: the root, or where the monitor is', () => {
  for (const [path, directory] of [
    ['/ctr.log', '/'],
    ['ctr.log', '.'],
    ['/log/ctr.log', '/log'],
    ['log/ctr.log', 'log'],
  ] as const) {
    const disk = new LogDisk();
    openOn(disk, { logPath: [`k8s-file:${path}`] }).logs.reopen();
    assert.deepEqual(
      disk.sys.called('open').map(call => call[1]),
      [path, directory],
    );
  }
});

test('L21 reopen: where it cannot be done, the log goes on and it is tried again', () => {
  const disk = new LogDisk();
  const { logs, say, warnings } = openOn(disk);
  say('a\n');
  disk.fault = call => (call === 'openat' ? -ENOSPC : undefined);
  logs.reopen();
  logs.reopen();
  say('b\n');
  assert.deepEqual(warnings, ['Failed to replace log file /log/ctr.log: No space left on device']);
  assert.deepEqual(brief(logOf(disk)), ['F a', 'F b']);
  disk.fault = () => undefined;
  disk.sys.advance(1000);
  say('c\n');
  assert.deepEqual(brief(logOf(disk)), ['F c']);
});
