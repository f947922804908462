// Who the monitor is to those who look for it, where it and what it starts are, and what it lets go of.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { O_CLOEXEC, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { conmon, form } from '../fixtures/conmon.ts';
import {
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
} from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { must, waitForFile, waitReadable } from '../fixtures/waiting.ts';

test('R21 identity: the process of the conmon pid file is called conmon, by its executable, its comm and its arguments', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: `read go <${gate}`,
    args: ['--runtime-arg', '', '--runtime-opt', '', '--exit-command-arg', 'é \n*'],
  });
  box.started();
  const proc = `/proc/${box.monitor}`;
  assert.match(readlinkSync(`${proc}/exe`), /\/conmon$/);
  assert.equal(readFileSync(`${proc}/comm`, 'utf8'), 'conmon\n');
  const cmdline = readFileSync(`${proc}/cmdline`, 'utf8');
  const [name, ...given] = box.commandLine.map(argument => `${argument}\0`);
  assert.ok(cmdline.startsWith(name!));
  assert.ok(cmdline.endsWith(given.join('')));
  if (form === 'compiled') assert.equal(cmdline, [name, ...given].join(''));
  openGate(gate);
  box.end();
});

test('R21 identity: what runs is the very file that was started', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}` });
  box.started();
  const running = statSync(`/proc/${box.monitor}/exe`);
  const started = statSync(engine(conmon));
  assert.deepEqual([running.dev, running.ino], [started.dev, started.ino]);
  openGate(gate);
  box.end();
});

test('R20, F6 identity: the conmon pid file has the final pid and no newline, and is there when the launcher ends', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}; exit 3` });
  assert.equal(box.caller.wait(), 0);
  const text = readFileSync(box.conmonPidFile, 'utf8');
  assert.match(text, /^[1-9]\d*$/);
  assert.notEqual(Number(text), box.caller.pid);
  const started = startTime(box.monitor);
  box.started();
  assert.deepEqual(childNames(), [[box.monitor, 'conmon']]);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(readFileSync(box.conmonPidFile, 'utf8'), text);
  assert.equal(box.end(), 3);
  assert.ok(started > 0);
});

test('R21 identity: whoever follows the process of the pid file learns the container’s status after the exit command', t => {
  const gate = makeGate(t);
  const mark = join(makeFolder(t), 'mark');
  const box = startMonitored(t, {
    container: 'exit 3',
    args: runsAtExit(`read go <${gate}; : >${mark}`),
  });
  box.started();
  const before = startTime(box.monitor);
  assert.equal(box.exitStatus(), '3');
  assert.equal(startTime(box.monitor), before);
  openGate(gate);
  assert.equal(box.end(), 3);
  assert.ok(existsSync(mark));
});

test('R2, R4 identity: relative paths are the caller’s, for the monitor, the runtime and the exit command', t => {
  const cwd = makeFolder(t);
  for (const folder of ['bundle', 'exits', 'persist', 'record']) mkdirSync(join(cwd, folder));
  writeFileSync(join(cwd, 'after'), '#!/bin/sh\npwd >record/new; mv record/new record/exit-cwd\n', {
    mode: 0o755,
  });
  symlinkSync(join(import.meta.dirname, '../fixtures/runtime-starts-container'), join(cwd, 'starts'));
  writeFileSync(join(cwd, 'runtime'), '#!/bin/sh\npwd >record/runtime-cwd\nexec ./starts "$@"\n', {
    mode: 0o755,
  });
  const box = startMonitored(t, {
    container: 'pwd; exit 3',
    runtime: './runtime',
    args: [
      ...['-b', 'bundle', '-l', 'k8s-file:LOG', '-p', 'pid', '-P', 'conmon-pid'],
      ...['--exit-dir', 'exits', '--persist-dir', 'persist', '--exit-command', './after'],
    ],
    caller: { cwd },
  });
  box.started();
  assert.equal(box.caller.wait(), 0);
  const monitor = Number(readFileSync(join(cwd, 'conmon-pid'), 'utf8'));
  waitForFile(join(cwd, 'record/exit-cwd'));
  assert.equal(readFileSync(join(cwd, 'exits', box.cid), 'utf8'), '3');
  assert.equal(readFileSync(join(cwd, 'persist/exit'), 'utf8'), '3');
  assert.match(readFileSync(join(cwd, 'LOG'), 'utf8'), new RegExp(` stdout F ${cwd}\n`));
  assert.ok(existsSync(join(cwd, 'bundle/ctl')));
  for (const name of ['runtime-cwd', 'exit-cwd'])
    assert.equal(readFileSync(join(cwd, 'record', name), 'utf8'), `${cwd}\n`, name);
  assert.ok(monitor > 0);
});

test('R22 identity: the monitor’s own working directory is the caller’s', t => {
  const cwd = makeFolder(t);
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}`, caller: { cwd } });
  box.started();
  assert.equal(readlinkSync(`/proc/${box.monitor}/cwd`), cwd);
  openGate(gate);
  box.end();
});

test('R20 identity: with --sync the monitor is the caller’s own child, and the pid that it started', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}; exit 3`, args: ['--sync'] });
  box.started();
  assert.deepEqual(childNames(), [[box.caller.pid, 'conmon']]);
  assert.match(readlinkSync(`/proc/${box.caller.pid}/exe`), /\/conmon$/);
  assert.equal(existsSync(box.conmonPidFile), false);
  openGate(gate);
  assert.equal(box.end(), 3);
});

test('R22 identity: what stays behind holds neither stdin, stdout nor stderr of the caller', t => {
  const gate = makeGate(t);
  const pipes = [makePipe(), makePipe(), makePipe()] as const;
  const box = startMonitored(t, {
    container: `read go <${gate}`,
    caller: { stdio: [pipes[0][0], pipes[1][1], pipes[2][1]] },
  });
  for (const fd of [pipes[0][0], pipes[1][1], pipes[2][1]]) closeSync(fd);
  assert.equal(box.caller.wait(), 0);
  for (const [output] of pipes.slice(1)) {
    waitReadable(output!, 'the end of the caller’s output');
    assert.equal(sys.read(output!, Buffer.alloc(1), 0, 1), 0);
  }
  box.started();
  for (const fd of ['0', '1', '2']) assert.equal(readlinkSync(`/proc/${box.monitor}/fd/${fd}`), '/dev/null');
  openGate(gate);
  box.end();
  for (const fd of [pipes[0][1], pipes[1][0], pipes[2][0]]) closeSync(fd);
});

test('P16, P18 identity: no fd of the caller’s is held when the exit file appears, and each reaches the runtime at its number', t => {
  const gate = makeGate(t);
  const [readEnd, writeEnd] = makePipe();
  const exits = makeFolder(t);
  const seen = join(exits, 'seen');
  // The exit command comes after the exit file: it looks what its parent has open.
  const look = `ls -l /proc/$PPID/fd >${seen}.new; mv ${seen}.new ${seen}`;
  const box = startMonitored(t, {
    container: `for fd in 3 7 12; do readlink /proc/self/fd/$fd; done; read go <${gate}`,
    args: runsAtExit(look),
    caller: { firstPipeFd: 20, fds: [3, 7, 12].map(to => ({ from: writeEnd, to })) },
  });
  closeSync(writeEnd);
  box.started();
  openGate(gate);
  box.exitStatus();
  waitReadable(readEnd, 'the end of the pipe that the caller passed');
  assert.equal(sys.read(readEnd, Buffer.alloc(1), 0, 1), 0);
  box.end();
  const pipe = `pipe:[${readFdInode(readEnd)}]`;
  assert.equal(box.output(), `${pipe}\n`.repeat(3));
  assert.ok(!readFileSync(seen, 'utf8').includes(pipe));
  closeSync(readEnd);
});

test('P16, P18 identity: 1,500 fds of the caller’s reach the runtime, and are let go of before the exit file', t => {
  const seen = join(makeFolder(t), 'seen');
  const open =
    '$^F = 1 << 20; for (1 .. 1500) { open($kept[$_], "<", "/dev/zero") or die "open: $!" } exec @ARGV';
  const box = startMonitored(t, {
    before: ['/usr/bin/perl', '-e', open],
    container: 'ls -l /proc/self/fd | grep -c /dev/zero',
    args: runsAtExit(`ls -l /proc/$PPID/fd >${seen}`),
  });
  box.started();
  box.end();
  assert.equal(box.output(), '1500\n');
  assert.ok(!readFileSync(seen, 'utf8').includes('/dev/zero'));
});

for (const [option, words, inOtherWords] of [
  ['--version', /^conmon version \d\S*\n(commit: \S+)?\n$/, ['-c', 'id', '--version']],
  ['--help', /^Usage: conmon \[OPTION\]\.\.\.\n\n/, ['-h']],
] as const)
  test(`O11, O12 identity: ${option} alone, which no monitor answers, says what the monitor does, wherever and with nothing open`, t => {
    const ask = (...args: string[]) => {
      const script = 'cd "$1"; shift; exec "$@" 0<&- 2>&-'; // stdout alone
      const dir = join(makeFolder(t), 'read-only');
      mkdirSync(dir, { mode: 0o500 });
      const { status, stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', dir, conmon, ...args], {
        encoding: 'utf8',
        env: {},
      });
      // The source that the Node form runs is of no commit.
      return { status, stdout: form === 'node' ? stdout.replace(/^commit: .*/m, '') : stdout };
    };
    const { status, stdout } = ask(option);
    assert.equal(status, 0);
    assert.match(stdout, words);
    assert.deepEqual(ask(...inOtherWords), { status, stdout });
  });

/** Ways to start it from elsewhere: each returns the path to start, in or of the folder `dir`, and what it runs. */
const places: Record<string, (dir: string) => { path: string; running: string }> = {
  'copied to another folder': dir => started(copyTo(dir)),
  'through a link': dir => ({
    path: link(copyTo(dir), join(dir, 'linked')),
    running: engine(join(dir, 'conmon')),
  }),
  ...(form === 'compiled' && {
    'through a hard link': dir => {
      const path = join(dir, 'hard-link');
      linkSync(copyTo(dir), path);
      return started(path);
    },
  }),
  'through a link to a link in a folder that is a link': dir => {
    const folder = join(dir, 'folder');
    mkdirSync(folder);
    link('folder', join(dir, 'way'));
    link(copyTo(folder), join(folder, 'first'));
    link('first', join(folder, 'second'));
    return { path: join(dir, 'way/second'), running: engine(join(folder, 'conmon')) };
  },
  ...(form === 'compiled' && {
    'under another name': dir => {
      renameSync(copyTo(dir), join(dir, 'watcher'));
      return started(join(dir, 'watcher'));
    },
  }),
};

for (const [what, place] of Object.entries(places))
  test(`R24 identity: it works ${what}`, t => {
    const { path, running } = place(makeFolder(t, 'copied to'));
    const box = startMonitored(t, { container: 'echo out; sleep 3600', conmon: path });
    box.started();
    assert.equal(readlinkSync(`/proc/${box.monitor}/exe`), running);
    assert.equal(readFileSync(`/proc/${box.monitor}/comm`, 'utf8'), 'conmon\n');
    box.waitForOutput(output => output === 'out\n', 'its output');
    sys.kill(box.monitor, SIGTERM);
    assert.equal(box.end(), 143);
  });

test('R24 identity: it works from a read-only mount', { skip: withoutMounts }, t => {
  const dir = makeFolder(t);
  copyTo(dir);
  const mounts = openPrivateMounts(
    t,
    `mkdir /dev/ro; mount --bind ${dir} /dev/ro; mount -o remount,bind,ro /dev/ro`,
  );
  const box = startMonitored(t, { container: 'echo out; exit 3', mounts, conmon: '/dev/ro/conmon' });
  box.started();
  assert.equal(box.end(), 3);
  assert.equal(box.output(), 'out\n');
  assert.equal(readdirSync(dir).includes('conmon'), true);
});

for (const [what, change] of Object.entries<(path: string) => void>({
  renamed: path => renameSync(path, `${path}.old`),
  deleted: path => rmSync(path),
  'replaced by a newer one, which is no program': path => {
    writeFileSync(`${path}.new`, 'newer\n', { mode: 0o755 });
    renameSync(`${path}.new`, path);
  },
}))
  test(`R24 identity: ${what} while it runs, it goes on to its last act`, t => {
    const dir = makeFolder(t);
    const path = copyTo(dir);
    const gate = makeGate(t);
    const mark = join(dir, 'mark');
    const box = startMonitored(t, {
      conmon: path,
      container: `read go <${gate}; echo after; exit 3`,
      args: runsAtExit(`: >${mark}`),
    });
    box.started();
    assert.equal(box.caller.wait(), 0);
    for (const file of filesOf(path)) change(file);
    const client = connectAttach(box.attachSocket);
    writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n');
    openGate(gate);
    assert.equal(client.receiveAll().stdout.toString(), 'after\n');
    client.close();
    assert.equal(box.end(), 3);
    assert.equal(box.output(), 'after\n');
    assert.equal(readFileSync(box.exitFile, 'utf8'), '3');
    assert.ok(existsSync(mark));
  });

if (form === 'node')
  test('R24 identity: a launcher without its engine says which file is missing', t => {
    const dir = makeFolder(t);
    copyFileSync(conmon, join(dir, 'conmon'));
    const launcher = spawnSync(join(dir, 'conmon'), ['-h'], { encoding: 'utf8' });
    assert.equal(launcher.status, 1);
    assert.match(launcher.stderr, /^conmon: .*\/libexec\/conmon: No such file or directory\n$/);
  });

/** The file that runs when `path` is started. */
function engine(path: string): string {
  return form === 'compiled' ? path : join(path, '../libexec/conmon');
}

function filesOf(path: string): readonly string[] {
  return [...new Set([path, engine(path)])];
}

/** Copies all that conmon is made of; the path to start. */
function copyTo(dir: string): string {
  const path = join(dir, 'conmon');
  mkdirSync(join(engine(path), '..'), { recursive: true });
  for (const [i, file] of filesOf(path).entries()) copyFileSync(filesOf(conmon)[i]!, file);
  return path;
}

function link(to: string, path: string): string {
  symlinkSync(to, path);
  return path;
}

function started(path: string) {
  return { path, running: engine(path) };
}

const childNames = () => listChildren().map(([pid, , name]) => [pid, name]);

function startTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[20]);
}

function makePipe(): [readEnd: number, writeEnd: number] {
  const ends = new Int32Array(2);
  must(sys.pipe2(ends, O_CLOEXEC), 'pipe2');
  return [ends[0]!, ends[1]!];
}

function readFdInode(fd: number): string {
  return /\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))![0];
}
