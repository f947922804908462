// How the runtime is started: what it is asked for, and what it finds of the caller's.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findInPath } from '../../src/manager/executables.ts';
import { O_CLOEXEC, SIGKILL, SOCK_CLOEXEC, SOCK_STREAM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { makeBundle } from '../fixtures/bundle.ts';
import {
  fixture,
  listChildren,
  type MonitoredOptions,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
} from '../fixtures/monitored.ts';
import { must, waitForFile, waitUntil } from '../fixtures/waiting.ts';

/** Times of files are those of the last tick. */
const tickMs = 10;

/** What every child of this process gets: numbers from 3 up, without close-on-exec. */
const ownInheritedFds = new Set(
  readdirSync('/proc/self/fdinfo').filter(fd => {
    const flags = Number(fd) < 3 ? undefined : readIfOpen(fd);
    return flags !== undefined && (flags & O_CLOEXEC) === 0;
  }),
);

// --- LISTEN_FDS ------------------------------------------------------------------------------------------------

test('R5, P16 runtime: LISTEN_PID of the monitor becomes the runtime’s, and LISTEN_FDS are where they were, with holes', t => {
  const socket = listenSomewhere(t);
  const [readEnd, writeEnd] = makePipe();
  const { box, record } = recordStart(t, {
    args: ['--sync'],
    before: ['/bin/sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'],
    env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:log' },
    caller: {
      firstPipeFd: 20,
      fds: [
        { from: socket, to: 3 },
        { from: writeEnd, to: 4 },
        { from: readEnd, to: 7 },
        { from: socket, to: 300 },
      ],
    },
  });
  const names = [socket, writeEnd, readEnd].map(fd => readlinkSync(`/proc/self/fd/${fd}`));
  box.started();
  box.end();
  const variables = record.entries('environ');
  const pid = /^Pid:\t(\d+)$/m.exec(record.text('status'))![1];
  assert.notEqual(pid, String(box.caller.pid));
  assert.deepEqual(
    variables.filter(variable => variable.startsWith('LISTEN_')),
    ['LISTEN_FDS=2', 'LISTEN_FDNAMES=web:log', `LISTEN_PID=${pid}`],
  );
  assert.deepEqual(
    record.fds().filter(line => !/^[012] /.test(line)),
    [`3 ${names[0]}`, `4 ${names[1]}`, `7 ${names[2]}`, `300 ${names[0]}`].toSorted(),
  );
  for (const fd of [readEnd, writeEnd]) closeSync(fd);
});

test('R5 runtime: with --replace-listen-pid a LISTEN_PID of anybody becomes the runtime’s, without it stays', t => {
  for (const args of [[], ['--replace-listen-pid']]) {
    const { box, record } = recordStart(t, { args, env: { LISTEN_PID: '1', LISTEN_FDS: '1' } });
    box.started();
    box.end();
    const pid = args.length === 0 ? '1' : /^Pid:\t(\d+)$/m.exec(record.text('status'))![1];
    const variables = record.entries('environ').filter(variable => variable.startsWith('LISTEN_'));
    assert.deepEqual(variables.toSorted(), ['LISTEN_FDS=1', `LISTEN_PID=${pid}`]);
  }
});

test('R5, P16 runtime: runc takes LISTEN_FDS for its own, and hands the container those and no other fd', {
  skip: withoutRunc(),
}, t => {
  t.after(() => runc('delete', '--force', cid)); // before the folder, in which runc looks for it, is removed
  const dir = makeFolder(t, 'runc');
  const script =
    'echo $LISTEN_PID of $$ $LISTEN_FDS; cd /proc/$$/fd; for fd in *; do [ ! -e $fd ] || echo $fd; done; cat <&4';
  const bundle = makeBusyboxBundle(join(dir, 'bundle'), script);
  const [root, cid] = [join(dir, 'root'), `listens-${process.pid}`];
  const runc = (...args: string[]) => spawnSync('runc', ['--root', root, ...args], { encoding: 'utf8' });
  const parked = listenSomewhere(t);
  const [readEnd, writeEnd] = makePipe();
  const box = startMonitored(t, {
    cid,
    runtime: findInPath('runc')!,
    before: ['/bin/sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'],
    env: { LISTEN_FDS: '2' },
    args: ['--sync', '-b', bundle, '--runtime-arg', '--root', '--runtime-arg', root],
    caller: {
      firstPipeFd: 20,
      fds: [
        { from: parked, to: 3 },
        { from: readEnd, to: 4 },
        { from: parked, to: 300 },
      ],
    },
  });
  closeSync(readEnd);
  box.started();
  const { status, stderr } = runc('start', cid);
  assert.equal(status, 0, stderr);
  must(sys.write(writeEnd, Buffer.from('through fd 4\n'), 0, 13), 'write');
  closeSync(writeEnd);
  assert.equal(box.exitStatus(), '0');
  assert.equal(box.end(), 0);
  assert.equal(box.output(), '1 of 1 2\n0\n1\n2\n3\n4\nthrough fd 4\n');
});

test('R5 runtime: --replace-listen-pid makes no LISTEN_PID where there is none', t => {
  const { box, record } = recordStart(t, { args: ['--replace-listen-pid'], env: { LISTEN_FDS: '1' } });
  box.started();
  box.end();
  assert.ok(!record.entries('environ').some(variable => variable.startsWith('LISTEN_PID=')));
});

for (const value of ['', '0', '-4', 'nobody-at-all'])
  test(`R5 runtime: LISTEN_PID=${value} is refused, the caller learns it, and nothing is started`, t => {
    const { box, record } = recordStart(t, { env: { LISTEN_PID: value } });
    const report = box.caller.readSync();
    assert.equal(report?.value, -1);
    assert.equal(report?.message, `Invalid LISTEN_PID ${value.slice(0, 10)}`);
    assert.equal(box.end(), 1);
    assert.deepEqual(readdirSync(record.dir), []);
    assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
    assert.deepEqual(listChildren(), []);
  });

// --- what it is asked for --------------------------------------------------------------------------------------

test('R1, O19, O20 runtime: --systemd-cgroup, --no-pivot, --no-new-keyring and --restore, each in its place', t => {
  const folder = makeFolder(t);
  const given = [
    ...['-s', '--no-pivot', '--no-new-keyring', '--runtime-arg', '--root=/r', '--runtime-arg', '--log'],
    ...['--runtime-arg', 'l', '--runtime-opt', '--tcp-established', '--restore-arg', '--lsm-profile=a'],
  ];
  for (const [restore, command, more] of [
    [[], 'create', []],
    [['--restore', folder], 'restore', ['--detach', '--image-path', folder, '--work-path']],
  ] as const) {
    const { box, record } = recordStart(t, { args: [...given, ...restore] });
    box.started();
    box.end();
    assert.deepEqual(record.entries('argv').slice(1), [
      ...[fixture('runtime-records'), '--systemd-cgroup', '--root=/r', '--log', 'l', command],
      ...['--bundle', box.bundle, '--pid-file', box.containerPidFile, '--no-pivot', '--no-new-keyring'],
      ...(more.length === 0 ? [] : [...more, box.bundle]),
      ...['--tcp-established', '--lsm-profile=a', box.cid],
    ]);
  }
});

test('R1, O21 runtime: an exec passes none of the switches of create on', t => {
  const spec = join(makeFolder(t), 'spec');
  writeFileSync(spec, '{}');
  const { box, record } = recordStart(t, {
    args: ['-s', '--no-pivot', '--no-new-keyring', '-e', '--exec-process-spec', spec],
  });
  box.started();
  box.end();
  assert.deepEqual(record.entries('argv').slice(1), [
    ...[fixture('runtime-records'), 'exec', '--pid-file', box.containerPidFile],
    ...['--process', spec, '--detach', box.cid],
  ]);
});

test('R15 runtime: a restored container is followed to its end as a created one', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: `echo restored; read go <${gate}; exit 4`,
    args: ['--restore', makeFolder(t)],
  });
  box.started();
  openGate(gate);
  assert.equal(box.exitStatus(), '4');
  assert.equal(box.end(), 4);
  assert.equal(box.output(), 'restored\n');
});

test('R4 runtime: it is in the monitor’s session and has umask 0022, whatever the caller’s', t => {
  const { box, record } = recordStart(t, { before: ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh'] });
  const monitor = box.monitor;
  box.started();
  box.end();
  const status = record.text('status');
  assert.match(status, /^Umask:\t0022$/m);
  assert.match(status, new RegExp(`^NSsid:\t${monitor}$`, 'm'));
  assert.match(status, new RegExp(`^PPid:\t${monitor}$`, 'm'));
});

for (const [what, args, expected] of [
  ['', [], [/^\/dev\/null$/, /^pipe:/, /^pipe:/]],
  [' with --stdin', ['-i'], [/^pipe:/, /^pipe:/, /^pipe:/]],
  [' with --terminal', ['-t'], [/^\/dev\/null$/, /^\/dev\/null$/, /^pipe:/]],
] as const)
  test(`R3 runtime: its stdin, stdout and stderr${what}`, t => {
    const { box, record } = recordStart(t, { args });
    box.caller.readSync(); // with --terminal that there is no terminal
    box.end();
    const fds = record.fds();
    assert.equal(fds.length, 3);
    const targets = fds.map(line => line.split(' ')[1]!);
    expected.forEach((target, fd) => {
      assert.match(targets[fd]!, target, `fd ${fd}`);
    });
    assert.equal(
      new Set(targets.filter(target => target.startsWith('pipe:'))).size,
      expected.filter(one => one.test('pipe:')).length,
    );
  });

// --- ports ------------------------------------------------------------------------------------------------------

test('P17, P18 ports: one at a high fd is held by the monitor alone, and can be bound again once the exit file is there', t => {
  const dir = makeFolder(t);
  const [gate, end] = [makeGate(t), makeGate(t)];
  const portFile = join(dir, 'port');
  const reserve = `
    use IO::Socket::INET; use POSIX ();
    $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "socket: $@";
    open($file, '>', '${portFile}') or die "port: $!"; print $file $socket->sockport; close($file);
    POSIX::dup2(fileno($socket), 200) or die "dup2: $!";
    close($socket); exec @ARGV`;
  const runtime = join(dir, 'runtime');
  const forget = `#!/usr/bin/perl\nuse POSIX ();\nPOSIX::close(200) or die "close: $!";\n`;
  writeFileSync(runtime, `${forget}exec '${fixture('runtime-starts-container')}', @ARGV;\n`, { mode: 0o755 });
  const box = startMonitored(t, {
    runtime,
    container: `read go <${gate}; exit 3`,
    before: ['/usr/bin/perl', '-e', reserve],
    args: runsAtExit(`read go <${end}`),
  });
  box.started();
  const bind = `use IO::Socket::INET; exit !IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:${readFileSync(portFile, 'utf8')}')`;
  const isFree = () => spawnSync('/usr/bin/perl', ['-e', bind]).status === 0;
  assert.equal(isFree(), false);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(isFree(), true);
  assert.ok(existsSync(`/proc/${box.monitor}/fd/0`)); // it was the monitor that let go of it, not its end
  openGate(end);
  assert.equal(box.end(), 3);
});

// --- exit delay -------------------------------------------------------------------------------------------------

test('E13 exit delay: status, files and socket are there before it, the exit command comes after it', t => {
  const mark = join(makeFolder(t), 'mark');
  const delayed = (seconds: string) =>
    startMonitored(t, {
      container: 'echo out; exit 3',
      args: ['--exit-delay', seconds, ...runsAtExit(`: >${mark}`)],
    });
  const waiting = delayed('3600');
  waiting.started();
  assert.equal(waiting.exitStatus(), '3');
  assert.equal(readFileSync(waiting.persistFile, 'utf8'), '3');
  assert.equal(waiting.output(), 'out\n');
  assert.equal(existsSync(waiting.attachSocket), false);
  assert.equal(waiting.caller.readSync(), undefined);
  assert.equal(existsSync(mark), false);
  sys.kill(waiting.monitor, SIGKILL);
  waiting.end();
  const box = delayed('2');
  box.started();
  waitForFile(mark);
  assert.equal(box.end(), 3);
  const betweenMs = statSync(mark).mtimeMs - statSync(box.exitFile).mtimeMs;
  assert.ok(betweenMs >= 2000 - tickMs, `${betweenMs} ms`);
});

test('E13 exit delay: an exec’s caller has its status before it', t => {
  const mark = join(makeFolder(t), 'mark');
  const spec = join(makeFolder(t), 'spec');
  writeFileSync(spec, '{}');
  const box = startMonitored(t, {
    container: 'exit 3',
    args: ['-e', '--exec-process-spec', spec, '--exit-delay', '2', ...runsAtExit(`: >${mark}`)],
  });
  box.started();
  assert.equal(box.caller.readSync()?.value, 3);
  assert.equal(existsSync(mark), false);
  assert.equal(box.end(), 3);
  assert.ok(existsSync(mark));
});

// --- what outlives whom -----------------------------------------------------------------------------------------

test('R12 zombies: a grandchild whose parents have gone is reaped while the container runs, and its status is nobody’s', t => {
  const [gate, grandchildGate, pidFile] = [makeGate(t), makeGate(t), join(makeFolder(t), 'pid')];
  const grandchild = `echo $$ >${pidFile}.new; mv ${pidFile}.new ${pidFile}; read go <${grandchildGate}; exit 9`;
  const box = startMonitored(t, {
    container: `sh -c '(sh -c "${grandchild.replace('$$', '\\$\\$')}" &) &'; read go <${gate}; exit 3`,
  });
  const container = box.started();
  waitForFile(pidFile);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const children = () => listChildren(box.monitor).map(([child]) => child);
  waitUntil(() => children().includes(pid), 'the grandchild to become the monitor’s');
  openGate(grandchildGate);
  waitUntil(() => !existsSync(`/proc/${pid}`), 'the grandchild to be reaped');
  assert.deepEqual(children(), [container]);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
  assert.deepEqual(listChildren(), []);
});

test('R11 runtime: one that takes longer than --timeout is waited for; the time begins with the container', t => {
  const runtime = join(makeFolder(t), 'runtime');
  const starts = fixture('runtime-starts-container');
  writeFileSync(runtime, `#!/bin/sh\n'${starts}' "$@"\nexec sleep 1.2\n`, { mode: 0o755 });
  const box = startMonitored(t, { runtime, container: 'exec sleep 3600', args: ['--timeout', '1'] });
  box.started();
  assert.equal(box.exitStatus(), '-1');
  const tookMs = statSync(box.exitFile).mtimeMs - statSync(box.containerPidFile).mtimeMs;
  assert.ok(tookMs >= 2200 - tickMs, `${tookMs} ms`);
  assert.equal(box.end(), 255);
});

/** A monitor over the runtime that records how it was started; its container ends at once. */
function recordStart(t: TestContext, options: MonitoredOptions) {
  const dir = makeFolder(t, 'record');
  const env = { RECORD_DIR: dir, DOES_NOTHING_STATUS: '0', ...options.env };
  const box = startMonitored(t, { ...options, runtime: 'runtime-records', env });
  const text = (name: string) => readFileSync(join(dir, name), 'utf8');
  const entries = (name: string) => text(name).split('\0').slice(0, -1);
  /** `FD TARGET` each, without those that this process would hand to any child. */
  const fds = () =>
    text('fds')
      .split('\n')
      .slice(0, -1)
      .filter(line => !ownInheritedFds.has(line.split(' ')[0]!))
      .toSorted();
  return { box, record: { dir, text, entries, fds } };
}

/** Why runc cannot run a container here; false when it can. */
function withoutRunc(): string | false {
  if (findInPath('runc') === undefined || !existsSync('/bin/busybox')) return 'needs runc and busybox';
  const dir = mkdtempSync(join(tmpdir(), 'runc-'));
  const bundle = makeBusyboxBundle(dir, ':');
  const args = ['--root', join(dir, 'root'), 'run', '--bundle', bundle, `probe-${process.pid}`];
  const { status } = spawnSync('runc', args, { stdio: 'ignore' });
  rmSync(dir, { recursive: true });
  return status === 0 ? false : 'needs the rights to run a container with runc';
}

/** A bundle of a container that runs a shell line, with nothing but busybox in it. */
function makeBusyboxBundle(dir: string, line: string): string {
  makeBundle(dir, { args: ['/bin/sh', '-c', line] });
  mkdirSync(join(dir, 'rootfs/bin'));
  copyFileSync('/bin/busybox', join(dir, 'rootfs/bin/busybox'));
  for (const name of ['sh', 'cat']) symlinkSync('busybox', join(dir, 'rootfs/bin', name));
  return dir;
}

function listenSomewhere(t: TestContext): number {
  const fd = must(sys.socket(SOCK_STREAM | SOCK_CLOEXEC), 'socket');
  must(sys.bind(fd, join(makeFolder(t), 'socket')), 'bind');
  must(sys.listen(fd, 1), 'listen');
  t.after(() => closeSync(fd));
  return fd;
}

function makePipe(): [readEnd: number, writeEnd: number] {
  const ends = new Int32Array(2);
  must(sys.pipe2(ends, O_CLOEXEC), 'pipe2');
  return [ends[0]!, ends[1]!];
}

function readIfOpen(fd: string): number | undefined {
  try {
    return Number.parseInt(/^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!, 8);
  } catch {
    return undefined; // that of the listing
  }
}
