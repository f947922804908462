// Between the container's end and its exit command, with --exit-delay: the process waits without the engine's memory, and
// is in everything else what it was.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ClockTime } from '../../src/sys/clock-time.ts';
import {
  CLOCK_MONOTONIC,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGPIPE,
  SIGQUIT,
  SIGTERM,
} from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { readMemory } from '../bench/process-facts.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { form, withoutStatic } from '../fixtures/conmon.ts';
import {
  listChildren,
  type Monitored,
  type MonitoredOptions,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { must, waitUntil } from '../fixtures/waiting.ts';

/** Longer than any test. */
const longSeconds = 3600;
const shell = (line: string) => [
  '--exit-command',
  '/bin/sh',
  '--exit-command-arg',
  '-c',
  '--exit-command-arg',
  line,
];
const delay = (seconds: number) => ['--exit-delay', String(seconds)];

/** A monitor whose container has ended. */
function startWaiting(t: TestContext, options: MonitoredOptions): Monitored {
  const box = startMonitored(t, { container: 'exit 3', ...options });
  box.started();
  box.exitStatus();
  waitUntil(() => isWaiting(box.monitor), 'the monitor to wait');
  return box;
}

/** With nothing but its stdio, or in the Node form asleep, as all else is done when the exit file is there. With nothing
 * at all it has waited already. */
function isWaiting(pid: number): boolean {
  return form === 'node' || readdirSync(`/proc/${pid}/fd`).length <= 3;
}

for (const sync of [false, true])
  test(`E28 exit delay${sync ? ', --sync' : ''}: the process keeps its pid, its name, its arguments, its environment and its folder`, t => {
    const cwd = makeFolder(t);
    const box = startWaiting(t, {
      args: [...delay(longSeconds), ...shell(':'), ...(sync ? ['--sync'] : [])],
      env: { NAME: 'wert' },
      caller: { cwd },
    });
    const proc = `/proc/${box.monitor}`;
    if (!sync) assert.equal(Number(readFileSync(box.conmonPidFile, 'utf8')), box.monitor);
    assert.equal(readFileSync(`${proc}/comm`, 'utf8'), 'conmon\n');
    assert.match(readlinkSync(`${proc}/exe`), /\/conmon$/);
    if (form === 'compiled') {
      assert.equal(readFileSync(`${proc}/cmdline`, 'utf8'), box.commandLine.map(arg => `${arg}\0`).join(''));
      assert.ok(readFileSync(`${proc}/environ`, 'utf8').split('\0').includes('NAME=wert'));
    }
    assert.equal(readlinkSync(`${proc}/cwd`), cwd);
    for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`${proc}/fd/${fd}`), '/dev/null');
    assert.equal(
      readdirSync(`${proc}/task`).length,
      form === 'compiled' ? 1 : readdirSync(`${proc}/task`).length,
    );
  });

if (form === 'compiled') {
  test('E28 exit delay: ten that wait have 64 KiB of their own each, whatever they have done before', {
    skip: withoutStatic,
  }, t => {
    const boxes = Array.from({ length: 10 }, () =>
      startWaiting(t, { container: 'seq 100000; exit 3', args: [...delay(longSeconds), ...shell(':')] }),
    );
    execFileSync('sync'); // pages of an executable that was just built count as dirty until then
    for (const { monitor } of boxes) {
      const { private: own, proportional } = readMemory(monitor);
      assert.ok(own <= 64 * 1024, `private: ${own}`);
      assert.ok(proportional <= 256 * 1024, `proportional: ${proportional}`);
    }
  });

  for (const seconds of [2_147_483, 2_147_484, 4_294_968, 2 ** 31 - 1])
    test(`E13 exit delay: ${seconds} seconds are waited for to the millisecond`, {
      skip: process.arch !== 'x64' && process.arch !== 'arm64' && 'needs the numbers of the system’s calls',
    }, t => {
      const before = nowMs();
      const box = startWaiting(t, { args: [...delay(seconds), ...shell(':')] });
      const after = nowMs();
      waitUntil(() => sleepOf(box.monitor) !== undefined, 'the call');
      const endMs = sleepOf(box.monitor)! - seconds * 1000;
      assert.ok(before <= endMs && endMs <= after, `${before} <= ${endMs} <= ${after}`);
    });
}

for (const [name, signal] of Object.entries({ SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE }))
  test(`G6 exit delay: ${name} changes nothing, and the command is run when it is time, once`, t => {
    const mark = join(makeFolder(t), 'mark');
    const before = nowMs();
    const box = startWaiting(t, { args: [...delay(1), ...shell(`echo run >>${mark}`)] });
    for (let i = 0; i < 3; i++) sys.kill(box.monitor, signal);
    assert.equal(box.end(), 3);
    assert.ok(nowMs() - before >= 1000);
    assert.equal(readFileSync(mark, 'utf8'), 'run\n');
  });

for (const [what, line, status] of [
  ['succeeds: the container’s', ':', 3],
  ['fails: the command’s', 'exit 7', 7],
  ['is killed: 128 and the signal’s number', 'kill -9 $$', 137],
] as const)
  test(`E16 exit delay: the exit status where the command ${what}`, t => {
    assert.equal(startWaiting(t, { args: [...delay(1), ...shell(line)] }).end(), status);
  });

test('E16 exit delay: a command that cannot be started: 1, and syslog names it and the reason', {
  skip: withoutMounts,
}, t => {
  const mounts = openPrivateMounts(t);
  const args = [...delay(1), '--exit-command', '/no/such\ncommand'];
  const box = startMonitored(t, { container: 'exit 3', mounts, args });
  box.started();
  assert.equal(box.end(), 1);
  const said = mounts.readSyslog().filter(line => line.includes('exit command'));
  assert.equal(said.length, 1);
  assert.match(
    said[0]!.trimEnd(),
    /^<14>\w{3} [ \d]\d \d\d:\d\d:\d\d conmon: conmon container-\d+ <nwarn>: Failed to execute exit command \/no\/such\\ncommand: No such file or directory$/,
  );
});

/** All that a process has of those who started it. */
const facts = [
  'for arg; do printf "<%s>" "$arg"; done; echo',
  'tr "\\0" "\\n" </proc/$$/environ | cksum',
  'cat /proc/$$/oom_score_adj; grep -E "^(Sig(Blk|Ign)|NoNewPrivs|Uid|Gid)" /proc/self/status; ulimit -a; umask; pwd',
  '(sleep 3600 & echo $! >orphan); grep PPid /proc/$(cat orphan)/status', // the monitor is no subreaper any more
  'for fd in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$fd; done; cat /proc/$PPID/comm',
].join('; ');

test('E12, E14, E28 exit delay: the command finds what it finds without one', t => {
  const dir = makeFolder(t);
  const found = [0, 1].map(seconds => {
    const path = join(dir, 'facts');
    const args = ['', 'a b', 'é', '--', 'x\ny', '*'].flatMap(arg => ['--exit-command-arg', arg]);
    const box = startMonitored(t, {
      container: 'exit 3',
      before: ['/bin/sh', '-c', 'ulimit -Sn 500; exec "$@"', 'sh'],
      args: [...delay(seconds), ...shell(`{ ${facts}; } >${path}`), '--exit-command-arg', 'name', ...args],
      env: { NAME: 'ü', EMPTY: '' },
      caller: { cwd: dir, fds: [{ from: openNull(t), to: 8 }] },
    });
    assert.equal(box.end(), 3);
    return readFileSync(path, 'utf8');
  });
  assert.equal(found[1], found[0]);
  assert.ok(!found[0]!.includes('4294967295 0'), 'an environment was read');
  assert.ok(found[0]!.includes('<><a b><é><--><x\ny><*>'));
});

test('E12, E28 exit delay: an environment of 50,000 variables reaches the command as it is', t => {
  const environ = Buffer.concat(
    Array.from({ length: 50_000 }, (_, i) => Buffer.from(`V${i}=\xff${'x'.repeat(i % 50)}\0`, 'latin1')),
  );
  const path = join(makeFolder(t), 'environ');
  const box = startMonitored(t, {
    container: 'exit 3',
    args: [
      ...delay(1),
      '--exit-command',
      '/bin/cp',
      '--exit-command-arg',
      '/proc/self/environ',
      '--exit-command-arg',
      path,
    ],
    caller: { environ },
  });
  assert.equal(box.end(), 3);
  assert.ok(readFileSync(path).subarray(0, environ.length).equals(environ));
});

test('E15, E28 exit delay: an orphan that ends in it is reaped at once', t => {
  const box = startWaiting(t, {
    container: 'sleep 3600 & exit 3',
    args: [...delay(longSeconds), ...shell(':')],
  });
  const [[orphan] = [-1], ...others] = listChildren(box.monitor);
  assert.ok(orphan > 0 && others.length === 0, 'it is a subreaper still');
  sys.kill(orphan, SIGKILL);
  waitUntil(() => !existsSync(`/proc/${orphan}`), 'it to be reaped');
});

test('E15, E28 exit delay: an orphan that runs on is not waited for', t => {
  const box = startWaiting(t, {
    container: 'sleep 3600 & echo $!; exit 3',
    args: [...delay(1), ...shell(':')],
  });
  const orphan = Number(box.output());
  assert.equal(box.end(), 3);
  assert.ok(
    listChildren().some(([pid]) => pid === orphan),
    'it has another parent now',
  );
});

test('E28 exit delay: a client that is slow gets all output in it, and its end', t => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('');
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: `read go <${gate}; seq 100000; exit 3`,
    args: [...delay(longSeconds), ...shell(':')],
  });
  box.started();
  const client = connectAttach(box.attachSocket);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  if (form === 'compiled') assert.ok(!isWaiting(box.monitor), 'the client has not got all of it');
  assert.equal(client.receiveAll().stdout.toString(), lines);
  client.close();
  waitUntil(() => isWaiting(box.monitor), 'the monitor to wait');
});

function nowMs(): number {
  const clock = new ClockTime();
  must(sys.clockGettime(CLOCK_MONOTONIC, clock), 'clock_gettime');
  return clock.ms;
}

/** Until when the process sleeps, by the monotonic clock; undefined where it does not. */
function sleepOf(pid: number): number | undefined {
  const clockNanosleep = process.arch === 'x64' ? 230 : 115;
  const [call, clock, flags, address] = readFileSync(`/proc/${pid}/syscall`, 'latin1').split(' ').map(Number);
  if (call !== clockNanosleep || clock !== CLOCK_MONOTONIC || flags !== 1) return undefined;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const bytes = Buffer.alloc(16);
  readSync(memory, bytes, 0, 16, address!);
  closeSync(memory);
  return Number(bytes.readBigInt64LE(0)) * 1000 + Number(bytes.readBigInt64LE(8)) / 1e6;
}

function openNull(t: TestContext): number {
  const fd = openSync('/dev/null', 'r');
  t.after(() => closeSync(fd));
  return fd;
}
