// Clients that stop, vanish or are too many, fds that run out, a syslog and a journal that are not there, a clock that
// is stepped back: the container and its log go on.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { SIGKILL } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { form } from '../fixtures/conmon.ts';
import { makeFault } from '../fixtures/faulty-libc.ts';
import {
  listChildren,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
} from '../fixtures/monitored.ts';
import { countSockets } from '../fixtures/open-files.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { withoutPrograms } from '../fixtures/programs.ts';
import { waitForFile, waitUntil } from '../fixtures/waiting.ts';

const withoutFdLimits = withoutPrograms('perl', 'prlimit');

/** What a socket and a client's queue take together (1 MiB is the queue's), and output on both sides of that. */
const [shortBytes, longBytes] = [900_000, 8_000_000];

/** With how many fds the engine comes as far as our own code, and with how many all is well but for many clients. */
const [fdsMin, fdsMax] = form === 'node' ? [22, 48] : [4, 40];

test('fault: a stopped client, and output that fits its queue: log, exit file and exit command wait for nobody', t => {
  const { file, output } = makeOutput(t, shortBytes);
  const gate = makeGate(t);
  const mark = join(makeFolder(t), 'mark');
  const box = startMonitored(t, {
    container: `read go <${gate}; cat ${file}; exit 3`,
    args: runsAtExit(`: >${mark}`),
  });
  box.started();
  const client = connectAttach(box.attachSocket); // reads nothing, as a stopped process does not
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.ok(box.output() === output);
  waitForFile(mark);
  assert.ok(client.receiveAll().stdout.toString() === output); // it goes on
  client.close();
  assert.equal(box.end(), 3);
  assert.deepEqual(listChildren(), []);
});

test('fault: a stopped client, and output larger than its queue: the container waits, and nothing is lost when it goes on', t => {
  const { file, output } = makeOutput(t, longBytes);
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}; cat ${file}; exit 3` });
  box.started();
  const client = connectAttach(box.attachSocket);
  openGate(gate);
  box.waitForOutput(logged => logged.length > shortBytes, 'the log to be ahead of the client');
  assert.ok(client.receiveAll().stdout.toString() === output);
  client.close();
  assert.equal(box.exitStatus(), '3');
  assert.ok(box.output() === output);
  assert.equal(box.end(), 3);
});

test('fault: a stopped client that never goes on, and is killed: the log is complete', t => {
  const { file, output } = makeOutput(t, longBytes);
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `read go <${gate}; cat ${file}; exit 3` });
  box.started();
  const client = connectAttach(box.attachSocket);
  openGate(gate);
  box.waitForOutput(logged => logged.length > shortBytes, 'the log to be ahead of the client');
  client.close();
  assert.equal(box.exitStatus(), '3');
  assert.ok(box.output() === output);
  assert.equal(box.end(), 3);
});

test('fault: 200 clients that connect and vanish, some in the middle of output or input, leave no fd behind', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    args: ['-i', '--leave-stdin-open'],
    container: `(while :; do echo output; sleep 0.01; done) & read go <${gate}; kill $!; exit 3`,
  });
  box.started();
  const first = connectAttach(box.attachSocket);
  first.receive(); // it is served, then, and has all open that it opens when it has reported the pid
  const before = countFds(box) - 1;
  first.close();
  for (let i = 0; i < 200; i++) {
    const client = connectAttach(box.attachSocket);
    if (i % 4 === 1) client.send('input\n');
    if (i % 4 === 2) client.endInput();
    if (i % 4 === 3) client.receive();
    client.close();
  }
  waitUntil(() => countFds(box) <= before, 'the fds of 200 clients to be closed');
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
});

test('fault: no fd left for another client: those that came are served, the rest wait, and the exit files are written', {
  skip: withoutFdLimits,
}, t => {
  const [gate, endGate] = [makeGate(t), makeGate(t)];
  const box = startMonitored(t, {
    before: withFds(fdsMax),
    container: `read go <${gate}; echo to all; read go <${endGate}; exit 3`,
  });
  box.started();
  const clients = takeAllFds(box, fdsMax);
  clients.push(connectAttach(box.attachSocket), connectAttach(box.attachSocket));
  openGate(gate);
  assert.equal(clients[0]!.receive()?.data.toString(), 'to all\n');
  box.waitForOutput(output => output === 'to all\n', 'the log');
  // Nobody reads, so nobody's fd is given back before the exit files are due.
  openGate(endGate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(readFileSync(box.persistFile, 'utf8'), '3');
  for (const client of clients) client.close();
  assert.equal(box.end(), 3);
});

test('fault: no fd left, and clients that hold theirs to the end: the exit files are written all the same', {
  skip: withoutFdLimits,
}, t => {
  const { file, output } = makeOutput(t, shortBytes);
  const gate = makeGate(t);
  const box = startMonitored(t, {
    before: withFds(fdsMax),
    container: `read go <${gate}; cat ${file}; exit 3`,
  });
  box.started();
  const clients = takeAllFds(box, fdsMax);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(readFileSync(box.persistFile, 'utf8'), '3');
  assert.ok(box.output() === output);
  for (const client of clients) client.close();
  assert.equal(box.end(), 3);
});

test('fault: no fd left, clients that read nothing and others that wait, and the container is killed: the exit files are written', {
  skip: withoutFdLimits,
}, t => {
  const { file } = makeOutput(t, longBytes);
  const gate = makeGate(t);
  const box = startMonitored(t, { before: withFds(fdsMax), container: `read go <${gate}; exec cat ${file}` });
  const pid = box.started();
  const clients = takeAllFds(box, fdsMax);
  for (let i = 0; i < 3; i++) clients.push(connectAttach(box.attachSocket));
  openGate(gate);
  waitUntil(() => statSync(box.log).size > shortBytes, 'output that waits for all of them');
  sys.kill(pid, SIGKILL);
  assert.equal(box.exitStatus(), '137');
  assert.equal(readFileSync(box.persistFile, 'utf8'), '137');
  for (const client of clients) client.close();
  assert.equal(box.end(), 137);
});

test('fault: too few fds to start with: an answer or a message for any number of them, and nothing left', {
  skip: withoutFdLimits,
}, t => {
  const outcomes: string[] = [];
  for (let limit = fdsMin; limit <= fdsMax; limit++) {
    const box = startMonitored(t, { before: withFds(limit), container: 'exit 3' });
    const launched = box.caller.wait();
    const report = box.caller.readSync();
    if (launched !== 0) assert.ok(box.caller.stderr() !== '', `${limit} fds: a message`);
    else assert.ok(report !== undefined, `${limit} fds: an answer`);
    if (launched === 0) box.end();
    if (report !== undefined && report.value > 0) assert.equal(box.exitStatus(), '3', `${limit} fds`);
    assert.deepEqual(
      readdirSync(box.bundle).filter(name => name === 'attach'),
      [],
      `${limit} fds: no socket is left`,
    );
    outcomes.push(launched !== 0 ? 'refused' : report!.value > 0 ? 'ran' : 'failed');
    assert.deepEqual(listChildren(), [], `${limit} fds`);
  }
  assert.equal(outcomes[0], 'refused');
  assert.equal(outcomes.at(-1), 'ran');
});

test('fault: no /dev/log for --syslog: nothing is different', { skip: withoutMounts }, t => {
  const mounts = openPrivateMounts(t);
  mounts.run('rm /dev/log');
  const box = startMonitored(t, { mounts, container: 'echo out; exit 3', args: ['--log-level', 'trace'] });
  box.started();
  assert.equal(box.end(), 3);
  assert.equal(box.output(), 'out\n');
  assert.equal(readFileSync(box.exitFile, 'utf8'), '3');
  assert.deepEqual(mounts.readSyslog(), []);
});

test('fault: a syslog that nobody reads any more: nothing waits for it', { skip: withoutMounts }, t => {
  const mounts = openPrivateMounts(t);
  const gate = makeGate(t);
  const box = startMonitored(t, {
    mounts,
    container: `read go <${gate}; echo out; exit 3`,
    args: ['--log-level', 'trace'],
  });
  box.started();
  for (let i = 0; i < 200; i++) writeFileSync(join(box.bundle, 'ctl'), 'junk\n'.repeat(20));
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.output(), 'out\n');
  assert.equal(box.end(), 3);
  assert.ok(mounts.readSyslog().length > 0);
});

test('fault: a clock that is stepped back an hour: records carry it, --timeout and the log go on', t => {
  const gate = makeGate(t);
  const fault = makeFault(t, { clockSeconds: -3600 });
  const box = startMonitored(t, {
    ...fault.start,
    container: `echo before; read go <${gate}; echo after; exec sleep 3600`,
    args: ['--timeout', '5'],
  });
  box.started();
  box.waitForOutput(output => output === 'before\n', 'the first line');
  fault.turnOn();
  openGate(gate);
  assert.equal(box.exitStatus(), '-1'); // after five seconds, and not after an hour
  assert.equal(box.end(), 255);
  assert.equal(box.output(), 'before\nafter\n');
  const [before, after] = box
    .readLog()
    .split('\n')
    .map(line => Date.parse(line.slice(0, 35)));
  assert.ok(before! - after! > 3_500_000 && before! - after! < 3_700_000, `${before} ${after}`);
});

/** Runs conmon with so many fds at most, and with none but stdio and the sync pipe open. */
function withFds(count: number): string[] {
  const closeOthers = 'POSIX::close($_) for 4 .. 1023; exec @ARGV';
  return ['/usr/bin/perl', '-MPOSIX', '-e', closeOthers, 'prlimit', `--nofile=${count}:${count}`];
}

/** Connects clients until the monitor has no fd left. One by one: the backlog does not take many without it. */
function takeAllFds(box: Monitored, limit: number): AttachClient[] {
  const clients: AttachClient[] = [];
  while (countFds(box) < limit) {
    const before = countSockets(box.monitor); // of all fds some may be of the start, and on their way out
    clients.push(connectAttach(box.attachSocket));
    waitUntil(() => countSockets(box.monitor) > before, 'the client to be accepted');
  }
  return clients;
}

function countFds(box: Monitored): number {
  return readdirSync(`/proc/${box.monitor}/fd`).length;
}

function makeOutput(t: TestContext, bytes: number): { file: string; output: string } {
  const output = `${Array.from({ length: Math.ceil(bytes / 16) }, (_, i) => `${i}`.padEnd(15, '.')).join('\n')}\n`;
  const file = join(makeFolder(t), 'output');
  writeFileSync(file, output);
  return { file, output };
}
