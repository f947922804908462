import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  exitNotExecutable,
  exitNotFound,
  exitNotRun,
  statusOfExit,
  statusOfFailedRun,
} from '../../../src/cli/exit-status.ts';
import { describeFailure, formatFailure } from '../../../src/cli/failure.ts';
import { formatEntry, formatEntryJson } from '../../../src/cli/log-line.ts';
import { formatPretty } from '../../../src/cli/logger.ts';
import { wantsColour } from '../../../src/cli/output.ts';
import { formatAgo, formatTable, printable } from '../../../src/cli/table.ts';
import { ArgumentError, NotFoundError, RuntimeError } from '../../../src/manager/index.ts';

const failed = (words: string) =>
  new RuntimeError('the runtime could not create container web', words, {
    command: ['/usr/sbin/runc', 'create'],
    exitCode: 1,
    stderr: words,
  });

/** What runtimes say: runc 1.1, crun 1.8 and newer. */
const said = {
  'unable to start container process: exec: "no": executable file not found in $PATH': exitNotFound,
  'unable to start container process: exec: "/no": stat /no: no such file or directory': exitNotFound,
  'unable to start container process: exec: "/etc": permission denied': exitNotExecutable,
  'exec /x: exec format error': exitNotExecutable,
  'executable file `no` not found in $PATH: No such file or directory': exitNotFound,
  'open executable: Permission denied': exitNotExecutable,
  'open `/srv/rootfs`: No such file or directory': exitNotRun,
  'mkdir /sys/fs/cgroup/x: permission denied': exitNotRun,
};

describe('failures', () => {
  for (const [words, status] of Object.entries(said))
    it(`statusOfFailedRun: ${words}: ${status}`, () =>
      assert.equal(statusOfFailedRun(failed(words)), status));

  it('statusOfExit: codes pass, an unknown one and a time limit are 255', () => {
    assert.deepEqual([0, 7, 255, undefined, -1].map(statusOfExit), [0, 7, 255, 255, 255]);
  });

  it('formatFailure: the container, what the runtime said, and what to try', () => {
    const place = { command: 'run', root: '/r', id: 'web', bundle: '/b' };
    assert.equal(
      formatFailure(describeFailure(failed('exec: "no": executable file not found in $PATH'), place)),
      'conmonctl: the runtime could not create container web\n' +
        '  the runtime said: exec: "no": executable file not found in $PATH\n' +
        '  try: is the program in the root file system, and in PATH of process.env in /b/config.json?\n',
    );
    assert.equal(
      formatFailure(describeFailure(new NotFoundError('web'), place)),
      'conmonctl: container web does not exist\n  try: `conmonctl list` shows those of /r; others need their own --root\n',
    );
  });

  it('describeFailure: words that fit nothing still end in something to try', () => {
    assert.match(
      describeFailure(failed('boom'), { command: 'run', root: '/r' }).hint ?? '',
      /log-level debug run/,
    );
    const argument = describeFailure(new ArgumentError('/x is no path of a cgroup'), {
      command: 'run',
      root: '/r',
    });
    assert.equal(argument.hint, '`conmonctl run --help`');
    const notThere = describeFailure(new ArgumentError('runc is not in PATH'), {
      command: 'run',
      root: '/r',
    });
    assert.match(notThere.hint ?? '', /is it installed/);
    assert.deepEqual(describeFailure('a string', { command: 'run', root: '/r' }), { what: 'a string' });
  });
});

describe('output', () => {
  const entry = {
    time: new Date(0),
    timestamp: '1970-01-01T00:00:00.000000000+00:00',
    stream: 'stderr',
    data: Buffer.from('bad'),
    partial: false,
  } as const;

  it('formatEntry: plain as it is, with its time where asked for, in colour where wanted', () => {
    const format = (timestamps: boolean, colour: boolean, more = {}) =>
      formatEntry({ ...entry, ...more }, { timestamps, colour }).toString();
    assert.equal(format(false, false), 'bad\n');
    assert.equal(format(true, false), `${entry.timestamp} bad\n`);
    assert.equal(format(false, true), '\x1b[31mbad\x1b[0m\n');
    assert.equal(format(false, true, { stream: 'stdout' }), 'bad\n');
    assert.equal(format(false, false, { partial: true }), 'bad');
  });

  it('formatEntryJson: text where it is UTF-8, base64 where not', () => {
    assert.equal(JSON.parse(formatEntryJson(entry)).text, 'bad');
    assert.equal(JSON.parse(formatEntryJson({ ...entry, data: Buffer.from([0xff]) })).base64, '/w==');
  });

  it('wantsColour: only on a terminal that has colours, and not with NO_COLOR', () => {
    assert.equal(wantsColour({ isTTY: true }, { TERM: 'xterm' }), true);
    assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true);
    assert.equal(wantsColour({}, {}), false);
  });

  it('formatTable: columns are aligned, and no entry can command the terminal', () => {
    assert.deepEqual(
      formatTable(
        ['ID', 'STATUS'],
        [
          ['web', 'up'],
          ['x\x1b[2J\x07', 'down'],
        ],
      ),
      ['ID   STATUS', 'web  up', 'x?   down'],
    );
    assert.equal(printable('a\nb\x1b]0;t\x07c'), 'a?bc');
  });

  it('formatAgo: in the largest unit that has two', () => {
    const now = new Date('2026-01-02T03:04:05Z');
    const ago = (seconds: number) => formatAgo(new Date(now.getTime() - seconds * 1000), now);
    assert.deepEqual([0, 119, 120, 7199, 7200, 200_000].map(ago), [
      '0 s ago',
      '119 s ago',
      '2 min ago',
      '119 min ago',
      '2 hours ago',
      '2 days ago',
    ]);
    assert.equal(formatAgo(undefined, now), '-');
  });

  it('formatPretty: level, message, the error’s words, and the facts', () => {
    const line = JSON.stringify({
      level: 40,
      time: 1,
      program: 'conmonctl',
      pid: 1,
      id: 'web',
      n: 'a b',
      err: { message: 'no' },
      msg: 'odd',
    });
    assert.equal(formatPretty(line), 'conmonctl: warn: odd: no id=web n="a b"\n');
  });
});
