// Disks that are full, broken or read-only, and directories that go away, under the log, the exit directory and the
// persist directory: the container goes on, what can be written is, and what cannot is named.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { makeFault } from '../fixtures/faulty-libc.ts';
import {
  joinRecords,
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
} from '../fixtures/monitored.ts';
import { openPrivateMounts, type PrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { waitForFile, waitForText, waitUntil } from '../fixtures/waiting.ts';

const record = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d (stdout|stderr) [PF] .*$/;
const EIO = 5;

describe('fault: a disk of the test’s own', { skip: withoutMounts }, () => {
  test('ENOSPC on the log: the container runs to its end, clients get all of it, and the log holds whole records', t => {
    const mounts = openPrivateMounts(t, 'mkdir /dev/disk; mount -t tmpfs -o size=64k none /dev/disk');
    const gate = makeGate(t);
    const output = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    const file = writeOutput(t, output);
    const box = startMonitored(t, {
      mounts,
      log: '/dev/disk/LOG',
      container: `read go <${gate}; cat ${file}; exit 3`,
    });
    box.started();
    const client = connectAttach(box.attachSocket);
    openGate(gate);
    assert.ok(client.receiveAll().stdout.toString() === output);
    client.close();
    assert.equal(box.exitStatus(), '3');
    assert.equal(readFileSync(box.persistFile, 'utf8'), '3');
    assert.equal(box.end(), 3);
    const log = readFileSync(mounts.at('/dev/disk/LOG'), 'utf8');
    assertWholeRecords(log);
    assert.ok(output.startsWith(joinRecords(log, 'stdout')));
    assert.ok(log.length > 40_000, `only ${log.length} bytes were written`);
    assertNamed(mounts, '/dev/disk/LOG', 'No space left on device');
    assert.deepEqual(listChildren(), []);
  });

  test('ENOSPC on the log that ends: the log goes on with whole records', t => {
    const mounts = openPrivateMounts(
      t,
      'mkdir /dev/disk; mount -t tmpfs -o size=64k none /dev/disk; head -c 61440 /dev/zero >/dev/disk/ballast',
    );
    const gate = makeGate(t);
    const full = join(makeFolder(t), 'full');
    const box = startMonitored(t, {
      mounts,
      log: '/dev/disk/LOG',
      container: `i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; : >${full}; read go <${gate}; echo later; exit 3`,
    });
    box.started();
    waitForFile(full);
    mounts.run('rm /dev/disk/ballast');
    openGate(gate);
    assert.equal(box.exitStatus(), '3');
    box.end();
    const log = readFileSync(mounts.at('/dev/disk/LOG'), 'utf8');
    assertWholeRecords(log);
    const output = joinRecords(log, 'stdout');
    assert.ok(output.startsWith('line 0\n'));
    assert.ok(output.endsWith('later\n'));
  });

  test('EROFS on the log while it is written: named, and the container runs to its end', t => {
    const mounts = openPrivateMounts(t, 'mkdir /dev/disk; mount -t tmpfs -o size=1m none /dev/disk');
    const gate = makeGate(t);
    const box = startMonitored(t, {
      mounts,
      log: '/dev/disk/LOG',
      container: `echo before; read go <${gate}; echo after; exit 3`,
    });
    box.started();
    const path = mounts.at('/dev/disk/LOG');
    waitForText(path, 'before');
    // A file that is open for writing keeps a file system from being remounted; a reopen finds it read-only.
    mounts.run('mount --bind /dev/disk /dev/disk; mount -o remount,bind,ro /dev/disk');
    writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n');
    openGate(gate);
    assert.equal(box.exitStatus(), '3');
    assert.equal(box.end(), 3);
    assert.match(readFileSync(path, 'utf8'), / stdout F before\n/);
    assertNamed(mounts, '/dev/disk/LOG', 'Read-only file system');
  });

  for (const [what, mount, words] of [
    ['ENOSPC', 'mount -t tmpfs -o nr_inodes=1 none /dev/disk', 'No space left on device'],
    ['EROFS', 'mount -t tmpfs -o ro none /dev/disk', 'Read-only file system'],
  ] as const) {
    test(`${what} on the exit directory: named, and the persist file, the status and the exit command are there`, t => {
      const mounts = openPrivateMounts(t, `mkdir /dev/disk; ${mount}`);
      const mark = join(makeFolder(t), 'mark');
      const box = startMonitored(t, {
        mounts,
        exitDir: '/dev/disk',
        container: 'echo out; exit 3',
        args: runsAtExit(`: >${mark}`),
      });
      box.started();
      assert.equal(box.end(), 3);
      assert.equal(readFileSync(box.persistFile, 'utf8'), '3');
      assert.equal(box.output(), 'out\n');
      assert.ok(existsSync(mark));
      assert.deepEqual(readdirSync(mounts.at('/dev/disk')), []);
      assertNamed(mounts, `/dev/disk/${box.cid}`, words);
    });

    test(`${what} on the persist directory: named, and the exit file is there`, t => {
      const mounts = openPrivateMounts(t, `mkdir /dev/disk; ${mount}`);
      const box = startMonitored(t, { mounts, persistDir: '/dev/disk', container: 'exit 3' });
      box.started();
      assert.equal(box.exitStatus(), '3');
      assert.equal(box.end(), 3);
      assert.deepEqual(readdirSync(mounts.at('/dev/disk')), []);
      assertNamed(mounts, '/dev/disk/exit', words);
    });
  }

  test('ENOSPC for the exit file’s bytes: named, and no half of a file is left', t => {
    // Room for names, none for content.
    const mounts = openPrivateMounts(
      t,
      'mkdir /dev/disk; mount -t tmpfs -o size=4k none /dev/disk; head -c 4096 /dev/zero >/dev/disk/ballast',
    );
    const box = startMonitored(t, { mounts, exitDir: '/dev/disk', container: 'exit 3' });
    box.started();
    assert.equal(box.end(), 3);
    assert.equal(readFileSync(box.persistFile, 'utf8'), '3');
    assert.deepEqual(readdirSync(mounts.at('/dev/disk')), ['ballast']);
    assertNamed(mounts, `/dev/disk/${box.cid}`, 'No space left on device');
  });

  test('an exec on a full disk: its status still is on the sync pipe', t => {
    const mounts = openPrivateMounts(t, 'mkdir /dev/disk; mount -t tmpfs -o nr_inodes=1 none /dev/disk');
    const spec = writeOutput(t, '{}');
    const box = startMonitored(t, {
      mounts,
      exitDir: '/dev/disk',
      persistDir: '',
      container: 'exit 3',
      args: ['-e', '--exec-process-spec', spec],
    });
    box.started();
    assert.equal(box.caller.readSync()?.value, 3);
    assert.equal(box.end(), 3);
  });
});

test('EIO on the log: named, the container runs to its end, and the log goes on when the disk does', {
  skip: withoutMounts,
}, t => {
  const mounts = openPrivateMounts(t);
  const [gate, endGate] = [makeGate(t), makeGate(t)];
  const log = join(makeFolder(t), 'LOG');
  const fault = makeFault(t, { call: 'write', path: log, errno: EIO });
  const full = join(makeFolder(t), 'full');
  const container = `echo first; read go <${gate}; i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; : >${full}; read go <${endGate}; echo last; exit 3`;
  const box = startMonitored(t, { mounts, log, container, ...fault.start });
  box.started();
  box.waitForOutput(output => output === 'first\n', 'the first line');
  fault.turnOn();
  openGate(gate);
  waitForFile(full);
  waitUntil(() => isNamed(mounts.readSyslog(), log, 'Input/output error'), 'a word of the disk that fails');
  fault.turnOff();
  openGate(endGate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
  assertWholeRecords(box.readLog());
  assert.match(box.output(), /^first\n(line \d+\n)*last\n$/);
});

for (const call of ['fsync', 'write', 'rename', 'open'] as const)
  for (const place of ['exits', 'persist', 'LOG'] as const) {
    if (place === 'LOG' ? call !== 'fsync' : call === 'fsync') continue;
    test(`EIO from ${call} at ${place}: named, all else is written, and the status is right`, {
      skip: withoutMounts,
    }, t => {
      const mounts = openPrivateMounts(t);
      const dir = makeFolder(t);
      for (const name of ['exits', 'persist']) mkdirSync(join(dir, name));
      const fault = makeFault(t, { call, path: join(dir, place), errno: EIO });
      fault.turnOn();
      const mark = join(dir, 'mark');
      const box = startMonitored(t, {
        mounts,
        log: join(dir, 'LOG'),
        exitDir: join(dir, 'exits'),
        persistDir: join(dir, 'persist'),
        container: 'echo out; exit 3',
        ...fault.start,
        args: runsAtExit(`: >${mark}`),
      });
      box.started();
      assert.equal(box.end(), 3);
      assert.equal(box.output(), 'out\n');
      assert.deepEqual(readdirSync(join(dir, 'exits')), place === 'exits' ? [] : [box.cid]);
      assert.deepEqual(readdirSync(join(dir, 'persist')), place === 'persist' ? [] : ['exit']);
      assert.ok(existsSync(mark));
      assertNamed(mounts, join(dir, place), 'Input/output error');
      assert.deepEqual(listChildren(), []);
    });
  }

test('the log’s directory deleted: the container runs to its end, and clients get its output', t => {
  const dir = join(makeFolder(t), 'logs');
  mkdirSync(dir);
  const [gate, endGate] = [makeGate(t), makeGate(t)];
  const box = startMonitored(t, {
    log: join(dir, 'LOG'),
    container: `echo 1; read go <${gate}; echo 2; read go <${endGate}; exit 3`,
  });
  box.started();
  box.waitForOutput(output => output === '1\n', 'the first line');
  const client = connectAttach(box.attachSocket);
  rmSync(dir, { recursive: true });
  openGate(gate);
  assert.equal(client.receive()?.data.toString(), '2\n');
  writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n'); // there is no place for a new log
  openGate(endGate);
  assert.equal(client.receiveAll().stdout.toString(), '');
  client.close();
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
  assert.equal(existsSync(dir), false);
});

test('the log’s directory deleted and made anew: a reopen finds it', t => {
  const dir = join(makeFolder(t), 'logs');
  mkdirSync(dir);
  const gate = makeGate(t);
  const box = startMonitored(t, {
    log: join(dir, 'LOG'),
    container: `echo 1; read go <${gate}; echo 2; exit 3`,
  });
  box.started();
  box.waitForOutput(output => output === '1\n', 'the first line');
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
  writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n');
  waitForFile(box.log);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.output(), '2\n');
});

for (const place of ['exits', 'persist'] as const)
  test(`the directory ${place} deleted while the container runs: the other file is written`, t => {
    const dir = makeFolder(t);
    for (const name of ['exits', 'persist']) mkdirSync(join(dir, name));
    const box = startMonitored(t, {
      exitDir: join(dir, 'exits'),
      persistDir: join(dir, 'persist'),
      container: 'exec sleep 3600',
    });
    box.started();
    rmSync(join(dir, place), { recursive: true });
    sys.kill(box.monitor, SIGTERM);
    assert.equal(box.end(), 143);
    assert.equal(readFileSync(place === 'exits' ? box.persistFile : box.exitFile, 'utf8'), '143');
    assert.deepEqual(readdirSync(dir), [place === 'exits' ? 'persist' : 'exits']);
  });

function assertWholeRecords(log: string): void {
  assert.ok(log.endsWith('\n'), 'the last record is whole');
  for (const line of log.slice(0, -1).split('\n')) assert.match(line, record);
}

function assertNamed(mounts: PrivateMounts, path: string, words: string): void {
  const messages = mounts.readSyslog();
  assert.ok(isNamed(messages, path, words), `nothing names ${path} and "${words}":\n${messages.join('\n')}`);
}

function isNamed(messages: readonly string[], path: string, words: string): boolean {
  return messages.some(text => text.includes(path) && text.includes(words));
}

function writeOutput(t: TestContext, content: string): string {
  const file = join(makeFolder(t), 'output');
  writeFileSync(file, content);
  return file;
}
