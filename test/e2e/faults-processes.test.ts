// Processes that end, hang or stay when nobody expects it: the container, the runtime, what they leave behind, and
// the caller.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SIGKILL } from '../../src/sys/constants.ts';
import { EBADF, ENOMEM } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { reap } from '../fixtures/caller.ts';
import { form } from '../fixtures/conmon.ts';
import { makeFault } from '../fixtures/faulty-libc.ts';
import {
  fixture,
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
  waitForChild,
  waitForSleep,
} from '../fixtures/monitored.ts';
import { waitForFile, waitUntil } from '../fixtures/waiting.ts';

/** Far more than the way from a container's end to its exit file takes, far less than the helpers here live. */
const promptMs = 5000;
/** Node starts ten times as slowly. */
const shortCommandsCount = form === 'node' ? 20 : 100;

test('G10 fault: SIGKILL of the container: what it had written is in the log, and its status is 137', t => {
  const box = startMonitored(t, { container: 'printf "line\\nunfinished"; exec sleep 3600' });
  const pid = box.started();
  box.waitForOutput(output => output === 'line\nunfinished', 'its output');
  sys.kill(pid, SIGKILL);
  assert.equal(box.exitStatus(), '137');
  assert.equal(readFileSync(box.persistFile, 'utf8'), '137');
  assert.equal(box.end(), 137);
  assert.equal(box.output(), 'line\nunfinished');
  assert.deepEqual(listChildren(), []);
});

test('G11, R9 fault: SIGKILL of the runtime during create: the caller learns it, and no socket is left', t => {
  const box = startMonitored(t, { runtime: 'runtime-hangs' });
  sys.kill(waitForChild(box.monitor, 'sleep'), SIGKILL);
  const report = box.caller.readSync();
  assert.equal(report?.value, -1);
  assert.match(report?.message ?? '', /create container: exit status 137/);
  assert.equal(box.end(), 1);
  assert.deepEqual(readdirSync(box.bundle).sort(), ['ctl', 'winsz']);
  assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
  assert.deepEqual(listChildren(), []);
});

test('G11 fault: SIGKILL of the runtime during create, when a container is there: the caller gets its words, and -1', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: 'echo words >&2; exec sleep 3600',
    env: { RUNTIME_GATE: gate },
  });
  waitForFile(box.containerPidFile);
  const container = waitForChild(waitForChild(box.monitor, 'runtime-starts-'), 'sleep');
  sys.kill(waitForChild(box.monitor, 'runtime-starts-'), SIGKILL);
  assert.deepEqual(box.caller.readSync()?.value, -1);
  assert.equal(box.end(), 1);
  assert.ok(existsSync(`/proc/${container}`)); // it is the caller's to clean up, with the runtime's delete
});

for (const when of ['before', 'after'] as const)
  test(`G13 fault: SIGKILL of the caller ${when} the sync reply: the container lives its life`, t => {
    const [runtimeGate, gate] = [makeGate(t), makeGate(t)];
    const box = startMonitored(t, {
      container: `read go <${gate}; echo out; exit 3`,
      env: { RUNTIME_GATE: runtimeGate },
      before: ['/bin/sh', '-c', '"$@"; exec sleep 3600', 'sh'], // stays between us and the launcher
      args: runsAtExit(': >exit-command-ran'),
      caller: { cwd: makeFolder(t) },
    });
    const monitor = box.monitor;
    if (when === 'after') {
      openGate(runtimeGate);
      box.started();
    }
    box.caller.closeSyncPipe();
    sys.kill(box.caller.pid, SIGKILL);
    assert.equal(box.caller.wait(), 137);
    if (when === 'before') openGate(runtimeGate);
    openGate(gate);
    assert.equal(box.exitStatus(), '3');
    assert.equal(reap(monitor), 3);
    assert.equal(box.output(), 'out\n');
    // The launcher, where it had not ended before the kill: an orphan, and ours to reap.
    for (const [pid, , name] of listChildren()) if (name === 'conmon') reap(pid);
    assert.deepEqual(listChildren(), []);
  });

test('R13 fault: a runtime’s helper that outlives it, with the container’s stdout and stderr, keeps nobody waiting', t => {
  for (const redirection of ['<&- >/dev/null 2>&1', '']) {
    const box = startMonitored(t, {
      runtime: makeRuntime(t, `sleep 3600 ${redirection} &`),
      container: 'echo out; exit 3',
    });
    box.started();
    assert.equal(box.exitStatus(promptMs), '3');
    assert.equal(box.end(promptMs), 3);
    assert.equal(box.output(), 'out\n');
    waitForSleep();
    const [[helper, state, name] = [0, '', '']] = listChildren();
    assert.deepEqual([state, name, listChildren().length], ['S', 'sleep', 1]);
    sys.kill(helper, SIGKILL);
    reap(helper);
  }
});

test('R12 fault: zombies of the container and of the runtime are reaped while it runs', t => {
  const [gate, mark] = [makeGate(t), join(makeFolder(t), 'mark')];
  // The middle process ends: its child becomes the monitor's, and then ends too.
  const orphans = 'for i in 1 2 3 4 5; do sh -c "(sleep 0.01) & exit 0"; done';
  const box = startMonitored(t, {
    runtime: makeRuntime(t, '(true &) ; sh -c "(true) & exit 0"'),
    container: `${orphans}; : >${mark}; read go <${gate}; exit 3`,
  });
  box.started();
  waitForFile(mark);
  waitUntil(() => listChildren(box.monitor).length === 1, 'the monitor to have the container alone');
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
  assert.deepEqual(listChildren(), []);
});

test('R19 fault: a container whose child holds its stdout open after it: the exit file comes at once', t => {
  const box = startMonitored(t, { container: 'sleep 3600 & echo $!; exit 3' });
  box.started();
  assert.equal(box.exitStatus(promptMs), '3');
  const holder = Number(box.output());
  assert.equal(box.end(promptMs), 3);
  waitForSleep();
  assert.deepEqual(listChildren(), [[holder, 'S', 'sleep']]);
});

test('R19 fault: a container whose child goes on writing after it: the exit file comes at once, with what there was', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: `(while :; do echo y; done) & echo first; read go <${gate}; exit 3`,
  });
  box.started();
  box.waitForOutput(output => output.includes('first\n') && output.includes('y\n'), 'both');
  openGate(gate);
  assert.equal(box.exitStatus(promptMs), '3');
  assert.equal(box.end(promptMs), 3);
  const output = box.output();
  assert.ok(output.includes('first\n'));
  assert.match(output.replace('first\n', ''), /^(y\n)+y?$/);
});

for (const [what, env] of [
  ['as soon as they may', {}],
  ['before their runtime does', { RUNTIME_STAYS: '1' }],
] as const)
  test(`R16 fault: ${shortCommandsCount} short commands that end ${what}: each status is right, none unknown`, t => {
    const wrong: string[] = [];
    for (let i = 0; i < shortCommandsCount; i++) {
      const status = (i * 37) % 256;
      const box = startMonitored(t, { container: `echo ${i}; exit ${status}`, env });
      box.started();
      const found = `${box.exitStatus()} ${box.end()} ${box.output().trim()}`;
      if (found !== `${status} ${status} ${i}`) wrong.push(`${found} instead of ${status} ${status} ${i}`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(listChildren(), []);
  });

/** A runtime that does `first`, in a shell, and then starts the container. */
function makeRuntime(t: TestContext, first: string): string {
  const path = join(makeFolder(t), 'runtime');
  writeFileSync(path, `#!/bin/sh\n${first}\nexec '${fixture('runtime-starts-container')}' "$@"\n`, {
    mode: 0o755,
  });
  return path;
}

test('R25 fault: the kernel has no memory to wait for a client: that client is dropped, and the container comes to its end', t => {
  const gate = makeGate(t);
  const fault = makeFault(t, { call: 'epoll_ctl', path: 'socket:', errno: ENOMEM });
  const box = startMonitored(t, {
    ...fault.start,
    args: ['-i'],
    container: `read line; echo "got $line"; read go <${gate}; exit 7`,
  });
  box.started();
  fault.turnOn();
  const dropped = connectAttach(box.attachSocket);
  assert.equal(dropped.receive(), undefined, 'the end of the stream');
  fault.turnOff();
  const served = connectAttach(box.attachSocket);
  served.send('input\n');
  assert.equal(served.receive()?.data.toString(), 'got input\n');
  openGate(gate);
  assert.equal(box.exitStatus(), '7');
  for (const client of [dropped, served]) client.close();
  assert.equal(box.end(), 7);
  assert.deepEqual(listChildren(), []);
});

test('R25 fault: the monitor cannot wait any more: the container is gone before anybody is told so', t => {
  const mark = join(makeFolder(t), 'mark');
  const fault = makeFault(t, { call: 'epoll_wait', path: 'anon_inode:[eventpoll]', errno: EBADF });
  const box = startMonitored(t, {
    ...fault.start,
    container: 'echo before; exec sleep 3600',
    args: ['--exit-command', '/bin/touch', '--exit-command-arg', mark],
  });
  const pid = box.started();
  box.waitForOutput(output => output === 'before\n', 'its output');
  fault.turnOn();
  const client = connectIfThere(box.attachSocket); // ends the wait that it is in, if it is in one
  assert.equal(box.exitStatus(), '137');
  assert.equal(existsSync(`/proc/${pid}`), false);
  assert.equal(box.end(), 1);
  client?.close();
  assert.ok(existsSync(mark));
  assert.equal(box.output(), 'before\n');
  assert.deepEqual(listChildren(), []);
});

function connectIfThere(path: string): AttachClient | undefined {
  try {
    return connectAttach(path);
  } catch {
    return undefined;
  }
}
