// Scopes, asked for over buses that are not there or go away, and by a library that creates containers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { Message } from 'dbus-native';
import { TimeLimitError } from '../../src/manager/errors.ts';
import { ScopeError, systemdScopes } from '../../src/manager/systemd/index.ts';
import { startScope } from '../../src/manager/systemd/start-scope.ts';
import { testWith } from '../fixtures/programs.ts';
import { conmons, hostrun, makeManager, makeShellBundle } from './manager-harness.ts';
import { Daemon, jobPath, listenInSilence, Peer } from './systemd-harness.ts';
import {
  ask,
  assertScopeError,
  done,
  hangMs,
  job,
  makeRequest,
  refuse,
  soonMs,
  takeError,
} from './systemd-question.ts';

const test = testWith('dbus-daemon');

test('S10 bus: none there is an error at once, with the path', async t => {
  const daemon = await Daemon.start(t);
  await daemon.kill();
  await assertScopeError(
    startScope(makeRequest(daemon), {}),
    /the bus at .*\/bus closed the connection: connect E/,
  );
});

test('S10 bus: going away before the reply is an error at once', async t => {
  const { daemon, systemd, outcome } = await ask(t);
  await systemd.takeCall('StartTransientUnit');
  await daemon.kill();
  await assertScopeError(outcome, /the bus at .*\/bus closed the connection$/);
});

test('S10 bus: going away before the signal is an error at once', async t => {
  const { daemon, systemd, outcome } = await ask(t);
  systemd.reply(await systemd.takeCall('StartTransientUnit'), 'o', [job]);
  await systemd.settle();
  await daemon.kill();
  await assertScopeError(outcome, /the bus at .*\/bus closed the connection$/);
});

test('S10 bus: without systemd on it, the error says what is missing', async t => {
  const daemon = await Daemon.start(t);
  const error = await takeError(startScope(makeRequest(daemon), {}));
  assert.ok(error instanceof ScopeError);
  assert.match(error.dbusName ?? '', /NameHasNoOwner|ServiceUnknown/);
  assert.match(error.message, /org\.freedesktop\.systemd1/);
});

test('S10 bus: one that takes no more connections is an error with its words', async t => {
  const daemon = await Daemon.start(t, { connectionsMax: 1 });
  await Peer.connect(t, daemon);
  await assertScopeError(startScope(makeRequest(daemon), {}), /maximum number of active connections/);
});

test('S9, S13 bus: one that never says anything is given up at the limit, and the socket closed', async t => {
  const silence = await listenInSilence(t);
  const request = { ...makeRequest(), bus: { socket: silence.path } };
  await assert.rejects(startScope(request, { timeLimitMs: soonMs }), TimeLimitError);
  await silence.closed;
});

test('S12 placement: root asks the system bus, as the environment has it', async t => {
  const daemon = await Daemon.start(t);
  setVariables(t, { DBUS_SYSTEM_BUS_ADDRESS: daemon.address });
  await assertAsks(await Peer.connect(t, daemon), systemdScopes({ bus: 'system' }));
});

test('S12 placement: the user bus is found in XDG_RUNTIME_DIR', async t => {
  const daemon = await Daemon.start(t);
  setVariables(t, { DBUS_SESSION_BUS_ADDRESS: undefined, XDG_RUNTIME_DIR: daemon.directory });
  await assertAsks(await Peer.connect(t, daemon), systemdScopes({ bus: 'user' }));
});

test('S13 placement: fifty at once, answered backwards, each take their own answer', async t => {
  const daemon = await Daemon.start(t);
  const systemd = await Peer.connect(t, daemon);
  const place = systemdScopes({ bus: daemon.address, timeLimitMs: hangMs });
  const ids = Array.from({ length: 50 }, (_, index) => `c${index}`);
  const outcomes = ids.map(id => place({ pid: process.pid, id, signal: AbortSignal.timeout(hangMs) }));
  const settled = Promise.allSettled(outcomes);
  const calls: Message[] = [];
  for (const _ of ids) calls.push(await systemd.takeCall('StartTransientUnit'));
  for (const [index, call] of calls.entries()) systemd.reply(call, 'o', [jobPath(index)]);
  for (const [index, call] of [...calls.entries()].reverse())
    systemd.signalJobRemoved({
      job: jobPath(index),
      unit: String(call.body?.[0]),
      result: call.body?.[0] === 'conmon-c7.scope' ? 'failed' : 'done',
    });
  const failed = (await settled).flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
  assert.deepEqual(failed, [7]);
});

test('S11 placement: a launcher that has ended is no failure of the scope', async t => {
  const daemon = await Daemon.start(t);
  const systemd = await Peer.connect(t, daemon);
  const launcher = spawn('true', { stdio: 'ignore' });
  await once(launcher, 'exit');
  const place = systemdScopes({ bus: daemon.address });
  const placed = place({ pid: launcher.pid!, id: 'abc', signal: AbortSignal.timeout(hangMs) });
  refuse(systemd, await systemd.takeCall('StartTransientUnit'), 'No such process');
  await placed;
});

for (const conmon of conmons)
  test(`S3 create over ${conmon.name}: the runtime is not called before the job's end`, async t => {
    const daemon = await Daemon.start(t);
    const systemd = await Peer.connect(t, daemon);
    const runtime = makeManager(t, conmon, {
      runtime: hostrun,
      placement: systemdScopes({ bus: daemon.address, timeLimitMs: hangMs }),
    });
    const created = runtime.create('abc', { bundle: makeShellBundle(t, 'exit 0'), timeLimitMs: hangMs });
    const call = await systemd.takeCall('StartTransientUnit');
    systemd.reply(call, 'o', [job]);
    await systemd.settle();
    // What waits to be moved is the launcher, which has no child yet.
    const { PIDs } = Object.fromEntries(call.body?.[2] as [string, unknown][]) as { PIDs: [number] };
    assert.deepEqual(await listChildren(PIDs[0]), []);
    systemd.signalJobRemoved(done);
    await created;
    assert.equal((await runtime.state('abc')).status, 'created');
  });

for (const conmon of conmons)
  test(`create over ${conmon.name}: a scope that fails fails it, and the ID is free again`, async t => {
    const daemon = await Daemon.start(t);
    const systemd = await Peer.connect(t, daemon);
    const runtime = makeManager(t, conmon, {
      runtime: hostrun,
      placement: systemdScopes({ bus: daemon.address, timeLimitMs: hangMs }),
    });
    const bundle = makeShellBundle(t, 'exit 0');
    const created = runtime.create('abc', { bundle, timeLimitMs: hangMs });
    systemd.reply(await systemd.takeCall('StartTransientUnit'), 'o', [job]);
    systemd.signalJobRemoved({ ...done, result: 'dependency' });
    const error = await takeError(created);
    assert.ok(error instanceof ScopeError);
    assert.equal(error.result, 'dependency');
    const again = runtime.create('abc', { bundle, timeLimitMs: hangMs });
    systemd.reply(await systemd.takeCall('StartTransientUnit'), 'o', [job]);
    systemd.signalJobRemoved(done);
    await again;
  });

async function assertAsks(systemd: Peer, place: ReturnType<typeof systemdScopes>): Promise<void> {
  const placed = place({ pid: process.pid, id: 'abc', signal: AbortSignal.timeout(hangMs) });
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.reply(call, 'o', [job]);
  systemd.signalJobRemoved(done);
  await placed;
}

async function listChildren(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(word => word !== '');
}

/** Sets them for one test; `undefined` takes one away. */
function setVariables(t: TestContext, variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    const set = (to: string | undefined) => {
      if (to === undefined) delete process.env[name];
      else process.env[name] = to;
    };
    set(value);
    t.after(() => set(before));
  }
}
