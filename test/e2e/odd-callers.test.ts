// Callers that give what is allowed and hardly ever given: each gets what is right, or a refusal before anything is run.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { reap } from '../fixtures/caller.ts';
import { conmon, form, withoutStatic } from '../fixtures/conmon.ts';
import {
  fixture,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
} from '../fixtures/monitored.ts';
import { waitForFile } from '../fixtures/waiting.ts';

test('A3 a relative --bundle: the link in --socket-dir-path leads to its attach socket', t => {
  const [cwd, sockets] = [makeFolder(t), makeFolder(t)];
  mkdirSync(join(cwd, 'of/it'), { recursive: true });
  const gate = makeGate(t);
  const args = ['-c', 'id', '-u', 'uuid', '-n', 'n', '-r', fixture('runtime-starts-container'), '-l', 'LOG'];
  const files = ['-b', 'of/it', '-p', 'pid', '-P', 'conmon-pid', '--socket-dir-path', sockets];
  const conmonPid = join(cwd, 'conmon-pid');
  const launched = spawnSync(conmon, [...args, ...files], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CONTAINER: `read go <${gate}; echo out` },
  });
  assert.deepEqual([launched.status, launched.stderr], [0, '']);
  const monitor = Number(readFileSync(conmonPid, 'utf8'));
  t.after(() => sys.kill(monitor, 9));
  waitForFile(join(sockets, 'uuid'));
  assert.equal(readlinkSync(join(sockets, 'uuid')), join(cwd, 'of/it'));
  const client = connectAttach(join(sockets, 'uuid/attach'));
  openGate(gate);
  assert.equal(client.receiveAll().stdout.toString(), 'out\n');
  client.close();
});

for (const value of ['12abc', '12 ', '0x12', '12.5', ''])
  test(`R5 LISTEN_PID=${JSON.stringify(value)} is no pid: the caller learns that, and no runtime is started`, t => {
    const box = startMonitored(t, { env: { LISTEN_PID: value } });
    const report = box.caller.readSync();
    assert.deepEqual([report?.value, report?.message], [-1, `Invalid LISTEN_PID ${value}`]);
    assert.equal(box.end(), 1);
    assert.ok(!existsSync(box.containerPidFile));
  });

/** Why a folder is odd, and how to make it and go there, in Perl. */
const oddFolders = {
  'is not UTF-8': ['its path is not UTF-8', String.raw`mkdir "a\xffb"; chdir "a\xffb"`],
  'is longer than PATH_MAX': [
    'File name too long',
    'for (1 .. 20) { mkdir "d" x 250; chdir "d" x 250 or die }',
  ],
} as const;

for (const [what, [reason, goThere]] of Object.entries(oddFolders)) {
  const inOddFolder = (t: TestContext) => {
    const dir = makeFolder(t);
    return { dir, before: ['/usr/bin/perl', '-e', `chdir shift; ${goThere}; exec @ARGV`, dir] };
  };
  /** Node.js cannot remove what has such a path. */
  const empty = (dir: string) => execFileSync('sh', ['-c', 'rm -rf "$1"/*', 'sh', dir]);

  test(`O22 a working directory that ${what}: nobody minds where no path is made of it`, t => {
    const { dir, before } = inOddFolder(t);
    try {
      const box = startMonitored(t, { before, container: 'echo out; pwd -P | wc -c; exit 3' });
      assert.ok(box.started() > 0);
      assert.equal(box.end(), 3);
      assert.match(box.output(), /^out\n/);
    } finally {
      empty(dir);
    }
  });

  test(`O22 a working directory that ${what}: a path that would be made of it is refused, and nothing is run`, t => {
    const { dir, before } = inOddFolder(t);
    const there = makeFolder(t);
    try {
      const given = ['-c', 'id', '-u', 'uuid', '-r', fixture('runtime-starts-container'), '-l', 'LOG'];
      for (const args of [
        ['-b', there, '--full-attach'],
        ['-p', join(there, 'pid'), '--full-attach'],
        ['-b', 'bundle', '-p', join(there, 'pid'), '--socket-dir-path', there],
      ]) {
        const [file = '', ...line] = [...before, conmon, ...given, ...args];
        const { status, stderr } = spawnSync(file, line, { encoding: 'utf8' });
        assert.deepEqual([status, stderr], [1, `[conmon:e]: Failed to get working directory: ${reason}\n`]);
      }
      assert.deepEqual(readdirSync(there), []);
      assert.ok(!execFileSync('find', [dir, '-name', 'LOG'], { encoding: 'utf8' }).includes('LOG'));
    } finally {
      empty(dir);
    }
  });
}

test('E6, F6 a container ID of 85 characters and 255 bytes, and a pid file of that name: both files appear', t => {
  const cid = '€'.repeat(85);
  const box = startMonitored(t, { cid, container: 'exit 3', args: ['-P', join(makeFolder(t), cid)] });
  box.started();
  assert.equal(box.caller.wait(), 0);
  assert.equal(box.exitStatus(), '3');
  assert.deepEqual(readdirSync(join(box.exitFile, '..')), [cid]);
});

test('O14 a container ID that leaves no room for a pid file of its name: it is refused, and nothing is run', t => {
  const dir = makeFolder(t);
  const args = ['-c', 'x'.repeat(255), '-u', 'uuid', '-r', fixture('runtime-starts-container'), '-l', 'LOG'];
  const { status, stderr } = spawnSync(conmon, [...args, '-b', dir], { cwd: dir, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^\[conmon:e\]: Container ID is too long for a pid file of its name/);
  assert.deepEqual(readdirSync(dir), []);
});

// Of the Node form it is Node.js that would be cut.
if (form === 'compiled')
  test('R24 an executable that was cut: it runs whole, or nothing of it is run and it does not end with 0', {
    skip: withoutStatic, // one that is linked dynamically has more at its end than it needs
  }, t => {
    const dir = makeFolder(t);
    const [cut, ran] = [join(dir, 'conmon'), join(dir, 'ran')];
    const { size } = statSync(conmon);
    const lengths = [
      0,
      1,
      63,
      64,
      4096,
      100_000,
      ...[1, 2, 3, 4, 5, 6, 7].map(eighths => (size * eighths) >> 3),
      size - 8192,
      size - 4096,
      size - 1,
    ];
    const outcomes = lengths.map(length => {
      copyFileSync(conmon, cut);
      truncateSync(cut, length);
      const args = [
        '-c',
        'id',
        '-u',
        'uuid',
        '-r',
        '/bin/false',
        '-l',
        'none',
        '-b',
        dir,
        '-p',
        join(dir, 'pid'),
      ];
      const more = ['--full-attach', '--exit-command', '/usr/bin/touch', '--exit-command-arg', ran, '--sync'];
      const status = startAndReap(cut, [...args, ...more]);
      const outcome = { status, ran: existsSync(ran) };
      if (outcome.ran) execFileSync('rm', [ran]);
      return outcome;
    });
    for (const [i, { status, ran }] of outcomes.entries()) {
      assert.notEqual(status, 0, `of ${lengths[i]} bytes`);
      assert.equal(ran, status === 1, `of ${lengths[i]} bytes: ${status}`); // the runtime fails
    }
    assert.ok(outcomes.slice(0, -4).every(({ ran }) => !ran));
  });

/** Its exit status, 128 and the number of the signal that ended it, or -errno where it cannot be executed. */
function startAndReap(file: string, args: readonly string[]): number {
  const pid = sys.spawn({
    file,
    argv: [file, ...args],
    environ: Buffer.from(''),
    fds: [],
    parentDeathSignal: 0,
  });
  return pid < 0 ? pid : reap(pid);
}

const ignoreAll = '$SIG{$_} = "IGNORE" for grep { !/KILL|STOP/ } keys %SIG';
const blockAll = 'my $s = POSIX::SigSet->new; $s->fillset; POSIX::sigprocmask(SIG_BLOCK, $s)';

for (const [what, how] of Object.entries({
  ignored: ignoreAll,
  blocked: blockAll,
  'ignored and blocked': `${ignoreAll}; ${blockAll}`,
}))
  for (const sync of [false, true])
    test(`G8 all signals ${what} by the caller${sync ? ', --sync' : ''}: nothing is said, and all else is as ever`, t => {
      const before = ['/usr/bin/perl', '-MPOSIX', '-e', `use POSIX; ${how}; exec @ARGV`];
      const look = (name: string) => `grep -E "^Sig(Ign|Blk)" /proc/self/status >"${name}"`;
      const seen = join(makeFolder(t), 'seen');
      const box = startMonitored(t, {
        before,
        container: `${look(seen)}; exit 3`,
        args: [...(sync ? ['--sync'] : []), ...runsAtExit(look(`${seen}-after`))],
      });
      assert.ok(box.started() > 0);
      assert.equal(box.end(), 3);
      assert.equal(box.caller.stderr() + box.caller.stdout(), '');
      const none = '0'.repeat(16);
      for (const path of [seen, `${seen}-after`])
        assert.equal(readFileSync(path, 'utf8'), `SigBlk:\t${none}\nSigIgn:\t${none}\n`);
      const refused = spawnSync(before[0]!, [...before.slice(1), conmon, '-c', 'id'], { encoding: 'utf8' });
      assert.deepEqual(
        [refused.status, refused.stderr],
        [1, '[conmon:e]: Container UUID not provided. Use --cuuid\n'],
      );
    });
