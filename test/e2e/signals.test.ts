// Signals: who gets what comes for the monitor, and what is left when it, or one that it watches, is killed. At each
// stage of its life: faults-signals.test.ts.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import {
  listChildren,
  makeGate,
  openGate,
  runsAtExit,
  startMonitored,
  waitForSleep,
} from '../fixtures/monitored.ts';
import { waitForEnd, waitUntil } from '../fixtures/waiting.ts';

test('G4 signals: the container’s process gets them alone, and not its group', t => {
  const box = startMonitored(t, { container: 'sleep 3600 & echo $!; exec sleep 3600' });
  const container = box.started();
  box.waitForOutput(output => output.endsWith('\n'), 'its child');
  const child = Number(box.output());
  assert.equal(sys.getpgid(child), sys.getpgid(container));
  sys.kill(box.monitor, SIGTERM);
  assert.equal(box.exitStatus(), '143');
  assert.equal(box.end(), 143);
  waitForSleep();
  assert.deepEqual(listChildren(), [[child, 'S', 'sleep']]);
});

test('G4 signals: a container that ignores them runs on, and its monitor with it', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    // While it waits, and only then, the shell acts on a signal that came just before.
    container: `trap 'echo got it' TERM; read go <${gate} & echo ready; wait $!; wait $!; exit 3`,
  });
  box.started();
  box.waitForOutput(output => output === 'ready\n', 'the container');
  sys.kill(box.monitor, SIGTERM);
  box.waitForOutput(output => output === 'ready\ngot it\n', 'the signal');
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
  assert.equal(box.end(), 3);
});

test('G8 signals: the caller’s mask keeps nothing from the monitor, and does not reach the runtime', t => {
  const block = `
    use POSIX qw(:signal_h); my $all = POSIX::SigSet->new; $all->fillset;
    sigprocmask(SIG_SETMASK, $all) or die "sigprocmask: $!"; exec @ARGV`;
  const box = startMonitored(t, {
    container: 'grep SigBlk /proc/self/status; exec sleep 3600',
    before: ['/usr/bin/perl', '-e', block],
  });
  box.started();
  box.waitForOutput(output => output.endsWith('\n'), 'the container');
  assert.equal(box.output(), `SigBlk:\t${'0'.repeat(16)}\n`);
  sys.kill(box.monitor, SIGTERM);
  assert.equal(box.exitStatus(), '143');
  assert.equal(box.end(), 143);
  assert.deepEqual(listChildren(), []);
});

test('G12, R7 signals: SIGKILL of the monitor leaves the container running, without an exit file', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    container: `echo ready; read go <${gate}; trap '' PIPE; echo more || exit 5`,
  });
  const container = box.started();
  box.waitForOutput(output => output === 'ready\n', 'the container');
  sys.kill(box.monitor, SIGKILL);
  assert.equal(box.end(), 137);
  assert.ok(listChildren().some(([pid]) => pid === container));
  assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
  assert.ok(existsSync(box.attachSocket));
  openGate(gate);
  waitForEnd(container); // its output has no reader any more
  assert.equal(box.output(), 'ready\n');
  assert.deepEqual(readdirSync(join(box.dir, 'exits')), []);
});

test('G6 signals: one that comes when the container has ended is not passed on to what it left', t => {
  const end = makeGate(t);
  const box = startMonitored(t, {
    container: 'sleep 3600 & echo $!; exit 3',
    args: runsAtExit(`read go <${end}`),
  });
  box.started();
  assert.equal(box.exitStatus(), '3');
  const child = Number(box.output());
  sys.kill(box.monitor, SIGTERM);
  openGate(end);
  assert.equal(box.end(), 3);
  waitUntil(() => listChildren().length === 1, 'the child to be alone');
  waitForSleep();
  assert.deepEqual(listChildren(), [[child, 'S', 'sleep']]);
});
