// What bad input gets: a message that names the thing, an answer for whoever waits, no process left, and nothing lost
// of what could be written.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { reap } from '../fixtures/caller.ts';
import {
  fixture,
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
  waitForChild,
} from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { waitForFile } from '../fixtures/waiting.ts';

/** What callers take for the cause, in one packet: Podman's buffer. */
const reportBytesMax = 4096;

for (const [args, words] of [
  [['--no-such-option'], 'Unknown option --no-such-option'],
  [['-Z'], 'Unknown option -Z'],
  [['--log-size-max', '99999999999999999999'], '--log-size-max'],
  [['--log-max-files', '2147483648'], 'out of range'],
  [['--timeout', 'soon'], 'soon'],
  [['--exit-delay', '-9999999999'], 'out of range'],
  [['--log-level', 'loud'], 'loud'],
  [['--cid'], '--cid'],
] as const)
  test(`bad input: ${args.join(' ')} is refused, and named`, t => {
    const box = startMonitored(t, { args });
    assert.equal(box.caller.wait(), 1);
    const words_ = box.caller.stderr();
    assert.ok(words_.includes(words), words_);
    assert.equal(box.caller.readSync(), undefined);
    assert.equal(existsSync(box.conmonPidFile), false);
    assert.deepEqual(listChildren(), []);
  });

test('bad input: a runtime that is missing is refused, and named', t => {
  const box = startMonitored(t, { runtime: '/no/such/runtime' });
  assert.equal(box.caller.wait(), 1);
  assert.match(box.caller.stderr(), /Runtime path \/no\/such\/runtime is not valid/);
  assert.deepEqual(listChildren(), []);
});

test('bad input: a runtime that is not executable is refused, and named', t => {
  const path = join(makeFolder(t), 'runtime');
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o644);
  const box = startMonitored(t, { runtime: path });
  assert.equal(box.caller.wait(), 1);
  assert.ok(box.caller.stderr().includes(`Runtime path ${path} is not valid`));
});

for (const [what, content, words] of [
  ['no program', 'this is no program\n', /Exec format error/],
  ['a script of an interpreter that is missing', '#!/no/such/interpreter\n', /No such file or directory/],
] as const)
  test(`R2 bad input: a runtime that is ${what}: the caller learns which, and why`, t => {
    const path = join(makeFolder(t), 'runtime');
    writeFileSync(path, content, { mode: 0o755 });
    const box = startMonitored(t, { runtime: path });
    const report = box.caller.readSync();
    assert.equal(report?.value, -1);
    assert.ok(report?.message?.includes(path), report?.line);
    assert.match(report?.message ?? '', words);
    assert.equal(box.end(), 1);
    assert.deepEqual(listChildren(), []);
  });

test('bad input: a runtime that is a directory: the caller learns which, and why', t => {
  const path = makeFolder(t);
  const box = startMonitored(t, { runtime: path });
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.ok(report?.message?.includes(path), report?.line);
  assert.match(report?.message ?? '', /Permission denied/);
  assert.equal(box.end(), 1);
});

test('R20, G3 bad input: a runtime that hangs keeps the monitor, not the launcher; SIGTERM ends both, and the caller learns it', t => {
  const box = startMonitored(t, { runtime: 'runtime-hangs' });
  assert.equal(box.caller.wait(), 0);
  const runtime = waitForChild(box.monitor, 'sleep');
  sys.kill(box.monitor, SIGTERM);
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.match(report?.message ?? '', /exit status 143/);
  assert.equal(box.end(), 1);
  assert.equal(existsSync(`/proc/${runtime}`), false);
  assert.equal(existsSync(box.attachSocket), false);
  assert.deepEqual(listChildren(), []);
});

test('R7 bad input: a runtime that hangs, and a caller that goes away: the monitor waits on, and the runtime dies with it', t => {
  const box = startMonitored(t, { runtime: 'runtime-hangs' });
  assert.equal(box.caller.wait(), 0);
  box.caller.closeSyncPipe();
  const runtime = waitForChild(box.monitor, 'sleep');
  sys.kill(box.monitor, SIGKILL);
  assert.equal(box.end(), 128 + SIGKILL);
  assert.equal(reap(runtime), 128 + SIGKILL);
  assert.deepEqual(listChildren(), []);
});

test('R10, P12 bad input: a runtime that prints 1 MiB to stderr and fails: its first words in one packet, all of it in the log', t => {
  const box = startMonitored(t, {
    runtime: 'runtime-floods-stderr',
    env: { FLOOD_FIRST: 'cause: "a/b"\n' },
    caller: { syncPipe: 'seqpacket' },
  });
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.match(report?.message ?? '', /^cause: "a\/b"\n0{1000}/);
  assert.ok(Buffer.byteLength(report!.line) <= reportBytesMax);
  assert.equal(box.end(), 1);
  assert.ok(box.output('stderr') === `cause: "a/b"\n${'0'.repeat(1024 * 1024)}`);
  assert.deepEqual(listChildren(), []);
});

test('R10 bad input: a runtime that prints 1 MiB to stderr and succeeds: all of it is the container’s output', t => {
  const path = join(makeFolder(t), 'runtime');
  const flood = 'head -c 1048576 /dev/zero | tr "\\0" y >&2';
  writeFileSync(path, `#!/bin/sh\n${flood}\nexec '${fixture('runtime-starts-container')}' "$@"\n`, {
    mode: 0o755,
  });
  const box = startMonitored(t, { runtime: path, container: 'echo out; echo err >&2; exit 4' });
  box.started();
  assert.equal(box.exitStatus(), '4');
  assert.equal(box.output('stdout'), 'out\n');
  assert.ok(box.output('stderr') === `${'y'.repeat(1024 * 1024)}err\n`);
  assert.equal(box.end(), 4);
});

test('bad input: a bundle that is not there is named', t => {
  const bundle = join(makeFolder(t), 'no-bundle');
  const box = startMonitored(t, { args: ['-b', bundle] });
  assert.equal(box.caller.wait(), 0); // as C conmon: the sockets are made when the caller has been let go
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.ok(report?.message?.includes(bundle), report?.line);
  assert.match(report?.message ?? '', /No such file or directory/);
  assert.equal(box.end(), 1);
  assert.equal(existsSync(bundle), false);
  assert.deepEqual(listChildren(), []);
});

test('bad input: a log directory that cannot be written is named on stderr, and nothing is started', {
  skip: withoutMounts,
}, t => {
  const mounts = openPrivateMounts(t, 'mkdir -p /dev/disk.t; mount -t tmpfs -o ro none /dev/disk.t');
  const box = startMonitored(t, { mounts, log: '/dev/disk.t/LOG' });
  assert.equal(box.caller.wait(), 1);
  assert.match(box.caller.stderr(), /Failed to open log file.*\/dev\/disk\.t\/LOG.*Read-only file system/);
  assert.equal(existsSync(box.conmonPidFile), false);
  assert.deepEqual(listChildren(), []);
});

for (const [what, path, words] of [
  [
    'not there',
    '/no/such/folder/log',
    /Failed to open log file.*\/no\/such\/folder\/log.*No such file or directory/,
  ],
  ['a file', '/etc/hostname/log', /Failed to open log file.*\/etc\/hostname\/log.*Not a directory/],
] as const)
  test(`bad input: a log directory that is ${what} is named on stderr`, t => {
    const box = startMonitored(t, { log: path });
    assert.equal(box.caller.wait(), 1);
    assert.match(box.caller.stderr(), words);
  });

test('bad input: an attach client that sends 64 KiB packets: all of it reaches the container', t => {
  const box = startMonitored(t, { args: ['-i'], container: 'wc -c; exit 6' });
  box.started();
  const client = connectAttach(box.attachSocket);
  for (let i = 0; i < 16; i++) assert.ok(client.send(Buffer.alloc(65_536, 'z')));
  client.endInput();
  assert.equal(client.receiveAll().stdout.toString().trim(), String(16 * 65_536));
  client.close();
  assert.equal(box.exitStatus(), '6');
  assert.equal(box.end(), 6);
});

test('bad input: an attach client that sends 64 KiB packets to a container without stdin harms nothing', t => {
  const box = startMonitored(t, { container: 'sleep 3600' });
  box.started();
  const client = connectAttach(box.attachSocket);
  const packet = Buffer.alloc(65_536);
  for (let sent = 0; sent < 4; )
    if (sys.send(client.fd, packet, 0, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) sent++;
  client.close();
  sys.kill(box.monitor, SIGTERM);
  assert.equal(box.exitStatus(), '143');
});

test('bad input: attach clients that close at once harm nothing', t => {
  const box = startMonitored(t, {
    args: ['-i', '--leave-stdin-open'],
    container: 'read line; echo "got $line"',
  });
  box.started();
  for (let i = 0; i < 50; i++) connectAttach(box.attachSocket).close();
  const client = connectAttach(box.attachSocket);
  client.send('this\n');
  assert.equal(client.receiveAll().stdout.toString(), 'got this\n');
  client.close();
  assert.equal(box.exitStatus(), '0');
});

test('bad input: garbage on ctl and winsz harms nothing; what is sound after it is done', t => {
  const box = startMonitored(t, { container: 'sleep 3600' });
  box.started();
  const junk = Buffer.from(Array.from({ length: 65_535 }, (_, i) => (i * 7919) % 256));
  for (const name of ['ctl', 'winsz'])
    writeFileSync(
      join(box.bundle, name),
      Buffer.concat([junk, Buffer.from('\n1 99999 -1\n2\n\0\0\n9 9 9\n')]),
    );
  renameSync(box.log, `${box.log}.old`);
  writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n');
  waitForFile(box.log);
  sys.kill(box.monitor, SIGTERM);
  assert.equal(box.exitStatus(), '143');
  assert.equal(box.end(), 143);
});

for (const [what, rubbish] of [
  ['bytes that are no number', '\\377not a pid\\n-1'],
  ['nothing', ''],
  ['a negative number', ' -7'],
  ['0', '0'],
  ['a number beyond any pid', '99999999999'],
] as const)
  test(`R8 bad input: a pid file that holds ${what}: the caller gets -1, and its name`, t => {
    const box = startMonitored(t, { runtime: 'runtime-writes-rubbish-pid-file', env: { RUBBISH: rubbish } });
    const report = box.caller.readSync();
    assert.equal(report?.value, -1);
    assert.ok(report?.message?.includes(box.containerPidFile), report?.line);
    assert.equal(box.end(), 1);
    assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
    assert.deepEqual(listChildren(), []);
  });

test('R8 bad input: a runtime that succeeds and writes no pid file: the caller gets -1, and its name', t => {
  const box = startMonitored(t, { runtime: 'runtime-writes-no-pid-file' });
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.ok(report?.message?.includes(box.containerPidFile), report?.line);
  assert.equal(box.end(), 1);
});

test('R17 bad input: a pid file that names a process that is gone: the status is unknown, and not 0', t => {
  const box = startMonitored(t, { runtime: 'runtime-writes-rubbish-pid-file', env: { RUBBISH: '4194000' } });
  assert.equal(box.started(), 4_194_000);
  assert.equal(box.exitStatus(), '255');
  assert.equal(box.end(), 255);
});

for (const [what, cid, words] of [
  ['with a slash', '../a/b', /Container ID \.\.\/a\/b /],
  ['that is ..', '..', /Container ID \.\. /],
  ['of 5,000 characters', 'x'.repeat(5000), /Container ID xxxxx.* 5000 bytes/],
] as const)
  test(`bad input: a container id ${what} is refused, and named, and no file is made`, t => {
    const box = startMonitored(t, { cid });
    assert.equal(box.caller.wait(), 1);
    assert.match(box.caller.stderr(), words);
    assert.ok(box.caller.stderr().length < reportBytesMax);
    assert.equal(box.caller.readSync(), undefined);
    assert.deepEqual(readdirSync(box.dir).sort(), ['bundle', 'exits', 'persist']);
    assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
    assert.deepEqual(listChildren(), []);
  });

test('bad input: a caller that dies before it reads the sync pipe costs the container nothing', t => {
  for (const syncPipe of ['pipe', 'stream', 'seqpacket'] as const) {
    const gate = makeGate(t);
    const box = startMonitored(t, {
      container: `read go <${gate}; echo out; exit 5`,
      caller: { syncPipe, startPipe: true },
    });
    box.caller.closeSyncPipe();
    box.caller.go();
    assert.equal(box.caller.wait(), 0);
    waitForFile(box.containerPidFile);
    openGate(gate);
    assert.equal(box.exitStatus(), '5');
    assert.equal(box.output(), 'out\n');
    assert.equal(box.end(), 5);
    assert.deepEqual(listChildren(), []);
  }
});
