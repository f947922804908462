// A caller that kills the launcher has given up: there is a container only where the launcher has ended with 0.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SIGINT, SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { dynamicConmon, form } from '../fixtures/conmon.ts';
import { fixture, type Monitored, makeFolder, readIfThere, startMonitored } from '../fixtures/monitored.ts';
import { waitUntil } from '../fixtures/waiting.ts';

const endingSignals = { SIGTERM, SIGINT, SIGKILL };
const SIGCONT = 18;
const SIGSTOP = 19;
/** Where nothing is stopped any more, and more than there are calls. */
const callsMax = 200;
/** The monitor's: it closes the launcher's end of the socket, and asks to end with the launcher. */
const callsBeforeTie = 2;

// LD_PRELOAD does not get through to Node.js.
if (form === 'compiled')
  for (const [name, signal] of Object.entries(endingSignals)) {
    test(`G14 ${name} to the launcher before any one of its calls: a container only if it ended with 0`, t => {
      const statuses = killAtEachCall(t, 'launcher', signal).map(({ status }) => status);
      const killed = statuses.filter(status => status !== 0);
      assert.ok(killed.length >= 5, `${killed}`);
      assert.deepEqual(new Set(killed), new Set([128 + signal]));
      // With its last word it cannot be ended but by SIGKILL.
      assert.equal(statuses.at(-1), signal === SIGKILL ? 128 + signal : 0);
    });

    test(`G14 ${name} to the launcher while the monitor is before any one of its calls, up to the verdict: it ends at once, and there is no container`, t => {
      const stops = killAtEachCall(t, 'monitor', signal);
      for (const { status } of stops) assert.equal(status, 128 + signal);
      const last = stops.length - 1; // the verdict
      for (const [i, { goesOn, hasLog }] of stops.entries()) {
        assert.equal(goesOn, i < callsBeforeTie || i === last, `stopped before call ${i}`);
        if (i < callsBeforeTie) assert.ok(!hasLog, 'it has looked for its launcher first');
      }
      assert.ok(stops.length > 20);
    });
  }

// A launcher that is slow: what has happened to the monitor after its verdict is told on the sync pipe, and not by it.
if (form === 'compiled')
  test('G14 a monitor that has ended when the launcher takes its verdict: the launcher ends with 0, the caller reads why', t => {
    const preload = compileStops(t);
    for (let call = 1; ; call++) {
      assert.ok(call < callsMax);
      const env = { LD_PRELOAD: preload, STOP_IN: 'launcher', STOP_AT: String(call) };
      const args = ['-b', join(makeFolder(t), 'no-bundle')];
      const box = startMonitored(t, { conmon: dynamicConmon(), env, args });
      const stopped = waitForStop(box.caller.pid);
      if (stopped !== undefined) {
        waitUntil(() => childrenOf(stopped).every(pid => stateOf(pid) === 'Z'), 'the monitor’s end');
        sys.kill(stopped, SIGCONT);
      }
      assert.equal(box.caller.wait(), 0, `stopped before call ${call}`);
      assert.equal(box.caller.readSync()?.value, -1);
      if (stopped === undefined) break;
    }
  });

interface Stop {
  /** The launcher's. */
  readonly status: number;
  /** Whether who had stopped is still there when the launcher has ended. */
  readonly goesOn: boolean;
  readonly hasLog: boolean;
}

/** Kills the launcher while it, or its monitor, is stopped before its first call, its second, …; until none is left. */
function killAtEachCall(t: TestContext, stopped: 'launcher' | 'monitor', signal: number): Stop[] {
  const preload = compileStops(t);
  const stops: Stop[] = [];
  for (;;) {
    assert.ok(stops.length < callsMax);
    const env = { LD_PRELOAD: preload, STOP_IN: stopped, STOP_AT: String(stops.length + 1) };
    const { box, ran } = start(t, { conmon: dynamicConmon(), env });
    const pid = waitForStop(box.caller.pid);
    if (pid === undefined) {
      assert.equal(finish(box, ran), 0);
      return stops;
    }
    sys.kill(box.caller.pid, signal);
    if (pid === box.caller.pid) sys.kill(pid, SIGCONT);
    waitUntil(() => stateOf(box.caller.pid) === 'Z', 'the launcher’s end');
    const goesOn = stateOf(pid) === 'T';
    if (goesOn) sys.kill(pid, SIGCONT);
    stops.push({ status: finish(box, ran), goesOn, hasLog: existsSync(box.log) });
  }
}

const [stepsCount, stepMs] = form === 'node' ? [20, 15] : [200, 0.1];

for (const [name, signal] of Object.entries(endingSignals))
  test(`G14 ${name} to the launcher at ${stepsCount} moments of its first ${stepsCount * stepMs} ms: a container only if it ended with 0`, t => {
    let killed = 0;
    for (let step = 0; step < stepsCount; step++) {
      const { box, ran } = start(t, {});
      const until = performance.now() + step * stepMs;
      while (performance.now() < until);
      const isLate = signal === SIGKILL && hasSpoken(box.caller.pid);
      sys.kill(box.caller.pid, signal);
      try {
        if (finish(box, ran) !== 0) killed++;
      } catch (error) {
        if (!isLate) throw error;
      }
    }
    assert.ok(killed > 0);
  });

/** Stops the launcher; whether it is between its last word and its end, where SIGKILL can no longer make a difference to
 * the monitor. From just before that word on it blocks all signals. */
function hasSpoken(launcher: number): boolean {
  sys.kill(launcher, SIGSTOP);
  waitUntil(() => /[TZ]/.test(stateOf(launcher) ?? ''), 'the launcher to stop');
  const blocked = /^SigBlk:\s+(\w+)$/m.exec(readIfThere(`/proc/${launcher}/status`))?.[1] ?? '0';
  return (BigInt(`0x${blocked}`) & (1n << BigInt(SIGTERM - 1))) !== 0n;
}

function start(t: TestContext, how: { conmon?: string; env?: Record<string, string> }) {
  const dir = makeFolder(t);
  const [runtime, ran] = [join(dir, 'runtime'), join(dir, 'ran')];
  writeFileSync(
    runtime,
    `#!/bin/sh\n: >${ran}\nunset LD_PRELOAD\nexec '${fixture('runtime-starts-container')}' "$@"\n`,
    {
      mode: 0o755,
    },
  );
  return { box: startMonitored(t, { ...how, runtime }), ran };
}

/** The launcher's status, once all has ended; whether there was a container goes with it. */
function finish(box: Monitored, ran: string): number {
  const status = box.caller.wait();
  const report = box.caller.readSync();
  if (report !== undefined && report.value > 0) assert.equal(box.end(), 0);
  else assert.equal(report && box.caller.readSync(), undefined); // the end of the pipe: nobody is left
  assert.deepEqual(
    { ran: existsSync(ran), reported: (report?.value ?? 0) > 0, written: existsSync(box.exitFile) },
    { ran: status === 0, reported: status === 0, written: status === 0 },
    `the launcher ended with ${status}`,
  );
  return status;
}

/** The pid of whoever has stopped, the launcher or its child; undefined where the launcher has ended without. */
function waitForStop(launcher: number): number | undefined {
  let stopped: number | undefined;
  waitUntil(() => {
    stopped = [launcher, ...childrenOf(launcher)].find(pid => stateOf(pid) === 'T');
    return stopped !== undefined || stateOf(launcher) === 'Z';
  }, 'a stop, or the launcher’s end');
  return stopped;
}

function childrenOf(pid: number): number[] {
  return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? []).map(Number);
}

/** Undefined of one that is gone, as a child of the launcher is at any moment. */
function stateOf(pid: number): string | undefined {
  return /\) (\S)/.exec(readIfThere(`/proc/${pid}/stat`))?.[1];
}

function compileStops(t: TestContext): string {
  const library = join(makeFolder(t), 'stops-at-call.so');
  const args = ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, fixture('stops-at-call.c')];
  execFileSync(process.env['CC'] ?? 'cc', args);
  return library;
}
