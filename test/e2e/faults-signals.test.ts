// SIGTERM, SIGQUIT and SIGINT to the monitor, at every stage of its life: none leaves a caller without its answer or
// a container without its exit file.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import {
  fixture,
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
  waitForChild,
} from '../fixtures/monitored.ts';
import { waitForEnd, waitForFile } from '../fixtures/waiting.ts';

const endingSignals = { SIGTERM, SIGQUIT, SIGINT };

for (const [name, signal] of Object.entries(endingSignals)) {
  test(`G1 ${name} to the launcher while it waits for the go: nothing was started`, t => {
    const box = startMonitored(t, { caller: { startPipe: true } });
    sys.kill(box.caller.pid, signal);
    assert.ok(box.caller.wait() > 0);
    assert.equal(box.caller.readSync(), undefined);
    assert.deepEqual(readdirSync(box.dir).sort(), ['bundle', 'exits', 'persist']);
    assert.deepEqual(listChildren(), []);
  });

  test(`G2 ${name} before the runtime, while an exec waits for its clients: the caller learns it, nothing is started`, t => {
    const spec = join(makeFolder(t), 'spec');
    writeFileSync(spec, '{}');
    const box = startMonitored(t, {
      args: ['-e', '--exec-attach', '--exec-process-spec', spec],
      caller: { startPipe: true, attachPipe: true },
    });
    box.caller.go();
    assert.equal(box.caller.readAttach(), '{"data": 0}\n');
    sys.kill(box.monitor, signal);
    const report = box.caller.readSync();
    assert.equal(report?.value, -1);
    assert.match(report?.message ?? '', new RegExp(`signal ${signal}\\b`));
    assert.equal(box.caller.readSync(), undefined);
    assert.equal(box.end(), 1);
    assert.equal(existsSync(box.containerPidFile), false);
    assert.equal(existsSync(box.attachSocket), false);
    assert.deepEqual(listChildren(), []);
  });

  test(`G3 ${name} during create goes to the runtime: the caller learns how that ended`, t => {
    const box = startMonitored(t, { runtime: 'runtime-hangs' });
    waitForChild(box.monitor, 'sleep');
    sys.kill(box.monitor, signal);
    const report = box.caller.readSync();
    assert.equal(report?.value, -1);
    assert.match(report?.message ?? '', new RegExp(`exit status ${128 + signal}`));
    assert.equal(box.end(), 1);
    assert.deepEqual(readdirSync(box.bundle).sort(), ['ctl', 'winsz']);
    assert.deepEqual(listChildren(), []);
  });

  test(`G4, G8 ${name} while the container runs goes to it, though the monitor was started with it ignored`, t => {
    const box = startMonitored(t, {
      container: 'echo ready; exec sleep 3600',
      before: ['/bin/sh', '-c', 'trap "" TERM QUIT INT; exec "$@"', 'sh'],
    });
    box.started();
    box.waitForOutput(output => output === 'ready\n', 'the container');
    sys.kill(box.monitor, signal);
    assert.equal(box.exitStatus(), String(128 + signal));
    assert.equal(box.end(), 128 + signal);
    assert.deepEqual(listChildren(), []);
  });

  test(`G6 ${name} while the exit files wait for a client that does not read: they and all its output come`, t => {
    const gate = makeGate(t);
    const { box, pid, client, output } = startWithSlowClient(t, gate);
    waitForEnd(pid);
    sys.kill(box.monitor, signal);
    assert.equal(box.exitStatus(), '3');
    assert.ok(client.receiveAll().stdout.equals(output));
    client.close();
    assert.equal(box.end(), 3);
    assert.equal(box.output(), output.toString());
    assert.deepEqual(listChildren(), []);
  });

  test(`G6 ${name} during the exit command does not keep it from its end`, t => {
    const [gate, mark] = [makeGate(t), join(makeFolder(t), 'mark')];
    const script = `: >${mark}.here; read go <${gate}; : >${mark}`;
    const box = startMonitored(t, {
      container: 'exit 3',
      args: runsAtExit(script),
    });
    box.started();
    waitForFile(`${mark}.here`);
    sys.kill(box.monitor, signal);
    openGate(gate);
    assert.equal(box.end(), 3);
    assert.ok(existsSync(mark));
    assert.equal(readFileSync(box.exitFile, 'utf8'), '3');
  });

  test(`G6 ${name} during --exit-delay does not keep the exit command from its start`, t => {
    const mark = join(makeFolder(t), 'mark');
    const box = startMonitored(t, {
      container: 'exit 3',
      args: ['--exit-delay', '1', ...runsAtExit(`: >${mark}`)],
    });
    box.started();
    box.exitStatus();
    sys.kill(box.monitor, signal);
    assert.equal(box.end(), 3);
    assert.ok(existsSync(mark));
  });
}

test('G7 signals that are for others: SIGPIPE, SIGHUP, SIGUSR1 and SIGUSR2 leave monitor and container alone', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, { container: `echo ready; read go <${gate}; echo more; exit 3` });
  box.started();
  box.waitForOutput(output => output === 'ready\n', 'the container');
  for (const signal of [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2]) sys.kill(box.monitor, signal);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.output(), 'ready\nmore\n');
  assert.equal(box.end(), 3);
});

test('G8 signals: the runtime and the exit command start with none ignored or blocked, whatever the caller had', t => {
  const dir = makeFolder(t);
  // Of cat, which has what its shell was started with: a shell blocks signals while it starts something.
  const record = (name: string) => `cat /proc/self/status >${dir}/${name}`;
  const runtime = join(dir, 'runtime-that-records');
  const starts = `exec '${fixture('runtime-starts-container')}' "$@"`;
  writeFileSync(runtime, `#!/bin/sh\n${record('runtime')}\n${starts}\n`, { mode: 0o755 });
  const box = startMonitored(t, {
    runtime,
    container: record('container'),
    args: runsAtExit(record('exit-command')),
    before: ['/bin/sh', '-c', 'trap "" TERM QUIT INT PIPE HUP USR1 USR2 CHLD; exec "$@"', 'sh'],
  });
  box.started();
  box.end();
  for (const name of ['runtime', 'container', 'exit-command']) {
    const text = readFileSync(join(dir, name), 'utf8');
    assert.match(text, /^SigBlk:\t0+$/m, name);
    assert.match(text, /^SigIgn:\t0+$/m, name);
  }
});

/** A container that has ended with 3, and a client that has not read all of its output. */
function startWithSlowClient(t: TestContext, gate: string) {
  const output = Buffer.from('0123456789abcde\n'.repeat(50_000)); // more than a socket holds, less than a queue
  const file = join(makeFolder(t), 'output');
  writeFileSync(file, output);
  const box = startMonitored(t, { container: `read go <${gate}; cat ${file}; exit 3` });
  const pid = box.started(); // the socket listens by then
  const client = connectAttach(box.attachSocket);
  openGate(gate);
  return { box, pid, client, output };
}
