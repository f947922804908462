// Scopes, asked of a systemd that answers early, late, twice, wrongly or never.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createClient, type MessageBus } from 'dbus-native';
import { TimeLimitError } from '../../src/manager/errors.ts';
import { ScopeError } from '../../src/manager/systemd/index.ts';
import { startScope } from '../../src/manager/systemd/start-scope.ts';
import { testWith } from '../fixtures/programs.ts';
import { Daemon, jobPath, Peer } from './systemd-harness.ts';
import {
  ask,
  done,
  isPending,
  job,
  makeRequest,
  refuse,
  soonMs,
  takeError,
  unit,
} from './systemd-question.ts';

const test = testWith('dbus-daemon');

const unitExists = 'org.freedesktop.systemd1.UnitExists';

test('S3 scope: the signal of the job lets the call through, its reply does not', async t => {
  const { systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.reply(call, 'o', [job]);
  await systemd.settle();
  assert.equal(await isPending(outcome), true);
  systemd.signalJobRemoved(done);
  assert.equal(await outcome, 'started');
});

test('S2 scope: what is asked for is a delegated unit with the process in it, in one call', async t => {
  const { systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  assert.equal(call.signature, 'ssa(sv)a(sa(sv))');
  const [name, mode, properties, auxiliary] = call.body as [string, string, [string, unknown][], unknown[]];
  assert.deepEqual([name, mode, auxiliary], [unit, 'replace', []]);
  assert.deepEqual(Object.fromEntries(properties), {
    Description: 'a test',
    PIDs: [process.pid],
    Delegate: true,
    DefaultDependencies: false,
    CollectMode: 'inactive-or-failed',
    Slice: 'machine.slice',
    KillSignal: 13,
  });
  systemd.reply(call, 'o', [job]);
  systemd.signalJobRemoved(done);
  await outcome;
});

test('S6 scope: a signal that comes before the reply is not missed', async t => {
  const { systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.signalJobRemoved(done);
  systemd.reply(call, 'o', [job]);
  assert.equal(await outcome, 'started');
});

test('scope: a caller that subscribes after the reply misses that signal for ever', async t => {
  const daemon = await Daemon.start(t);
  const systemd = await Peer.connect(t, daemon);
  const naive = startScopeNaively(t, daemon);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.signalJobRemoved(done);
  systemd.reply(call, 'o', [job]);
  await naive.subscribed;
  assert.equal(await isPending(naive.outcome), true);
});

test('S7 scope: replies and signals that come twice are answered once', async t => {
  const { systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  for (let times = 0; times < 2; times += 1) systemd.reply(call, 'o', [job]);
  systemd.signalJobRemoved(done);
  systemd.signalJobRemoved({ ...done, result: 'failed' });
  systemd.reply(call, 'o', [jobPath(42)]);
  assert.equal(await outcome, 'started');
  await systemd.waitForDeparture(call.sender!);
});

test('S7 scope: the ends of other jobs, of this unit and of others, are not taken for its own', async t => {
  const { systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.signalJobRemoved({ job: jobPath(40), unit, result: 'canceled' });
  systemd.reply(call, 'o', [job]);
  systemd.signalJobRemoved({ job: jobPath(42), unit, result: 'failed' });
  systemd.signalJobRemoved({ job, unit: 'other.scope', result: 'failed' });
  systemd.signalJobRemoved({ job, unit: 'other.scope', result: 'failed' }, call.sender!);
  await systemd.settle();
  assert.equal(await isPending(outcome), true);
  systemd.signalJobRemoved(done);
  assert.equal(await outcome, 'started');
});

test('S7 scope: signals from somebody who is not systemd are dropped', async t => {
  const { daemon, systemd, outcome } = await ask(t);
  const other = await Peer.connect(t, daemon, false);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.reply(call, 'o', [job]);
  other.signalJobRemoved({ ...done, result: 'failed' }, call.sender!);
  other.signalJobRemoved({ ...done, result: 'failed' });
  await other.settle();
  systemd.signalJobRemoved(done);
  assert.equal(await outcome, 'started');
});

test('S7 scope: a systemd that executed itself anew in between is systemd still', async t => {
  const { daemon, systemd, outcome } = await ask(t);
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.reply(call, 'o', [job]);
  await systemd.dropSystemdName();
  const anew = await Peer.connect(t, daemon);
  anew.signalJobRemoved(done);
  assert.equal(await outcome, 'started');
});

for (const result of ['canceled', 'timeout', 'failed', 'dependency', 'skipped', 'something-new'])
  test(`S8 scope: a job that ends with "${result}" is a failure that says so`, async t => {
    const { systemd, outcome } = await ask(t);
    systemd.reply(await systemd.takeCall('StartTransientUnit'), 'o', [job]);
    systemd.signalJobRemoved({ job, unit, result });
    const error = await takeError(outcome);
    assert.ok(error instanceof ScopeError);
    assert.deepEqual([error.code, error.unit, error.result], ['ERR_SCOPE', unit, result]);
    assert.equal(error.message, `${unit} could not be started: its job ended with "${result}"`);
  });

test('S10 scope: what systemd refuses carries its words and the name of its error', async t => {
  const { systemd, outcome } = await ask(t);
  const denied = 'org.freedesktop.DBus.Error.AccessDenied';
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), denied, 'Not for you.');
  const error = await takeError(outcome);
  assert.ok(error instanceof ScopeError);
  assert.deepEqual([error.dbusName, error.result], [denied, undefined]);
  assert.equal(error.message, `${unit} could not be started: Not for you.`);
});

test('S4 scope: a unit that exists is joined, and no job is waited for', async t => {
  const { systemd, outcome } = await ask(t);
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), unitExists, 'It exists.');
  const call = await systemd.takeCall('AttachProcessesToUnit');
  assert.deepEqual([call.signature, call.body], ['ssau', [unit, '', [process.pid]]]);
  systemd.reply(call);
  assert.equal(await outcome, 'joined');
});

test('scope: a caller that waits for a job after every call waits for ever where the unit exists', async t => {
  const daemon = await Daemon.start(t);
  const systemd = await Peer.connect(t, daemon);
  const naive = startScopeNaively(t, daemon);
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), unitExists, 'It exists.');
  await naive.subscribed;
  assert.equal(await isPending(naive.outcome), true);
});

test('S5 scope: a failed unit that was left lying is cleared away, and the scope started', async t => {
  const { systemd, outcome } = await ask(t);
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), unitExists, 'It exists.');
  refuse(systemd, await systemd.takeCall('AttachProcessesToUnit'), 'Unit is not active, refusing.');
  const reset = await systemd.takeCall('ResetFailedUnit');
  assert.deepEqual(reset.body, [unit]);
  systemd.reply(reset);
  systemd.reply(await systemd.takeCall('StartTransientUnit'), 'o', [job]);
  systemd.signalJobRemoved(done);
  assert.equal(await outcome, 'started');
});

test('S5 scope: a unit that is in the way for good is a failure after one attempt to clear it', async t => {
  const { systemd, outcome } = await ask(t);
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), unitExists, 'It exists.');
  refuse(systemd, await systemd.takeCall('AttachProcessesToUnit'), 'It takes none.');
  refuse(systemd, await systemd.takeCall('ResetFailedUnit'), 'It has not failed.');
  systemd.replyError(await systemd.takeCall('StartTransientUnit'), unitExists, 'It exists.');
  const error = await takeError(outcome);
  assert.ok(error instanceof ScopeError);
  assert.equal(error.dbusName, unitExists);
  assert.match(error.message, /it exists and takes no more processes: It takes none\./);
});

test('S9 scope: a reply that comes after the limit has its job cancelled, and reaches nobody', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { systemd, outcome } = await ask(t, { timeLimitMs: soonMs });
  const call = await systemd.takeCall('StartTransientUnit');
  t.mock.timers.tick(soonMs - 1);
  assert.ok(await isPending(outcome));
  t.mock.timers.tick(1);
  const error = await takeError(outcome);
  assert.ok(error instanceof TimeLimitError);
  assert.equal(error.message, `starting ${unit} took longer than ${soonMs} ms`);
  systemd.signalJobRemoved(done, call.sender!);
  systemd.reply(call, 'o', [job]);
  const cancel = await systemd.takeCall('Cancel');
  assert.equal(cancel.path, job);
  await systemd.waitForDeparture(call.sender!);
  systemd.reply(call, 'o', [job]);
  systemd.signalJobRemoved(done, call.sender!);
  await systemd.settle();
});

test('S9 scope: a reply that never comes is given up at the limit, and the connection a minute later', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { systemd, outcome } = await ask(t, { timeLimitMs: soonMs });
  const call = await systemd.takeCall('StartTransientUnit');
  t.mock.timers.tick(soonMs);
  await assert.rejects(outcome, TimeLimitError);
  t.mock.timers.tick(60_000);
  await systemd.waitForDeparture(call.sender!);
});

test('S9 scope: a refusal that comes after the limit is the end of it', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { systemd, outcome } = await ask(t, { timeLimitMs: soonMs });
  const call = await systemd.takeCall('StartTransientUnit');
  t.mock.timers.tick(soonMs);
  await assert.rejects(outcome, TimeLimitError);
  systemd.replyError(call, unitExists, 'it is there');
  await systemd.waitForDeparture(call.sender!);
  assert.equal(systemd.hasCall('Cancel'), false);
});

test('S9 scope: a signal that never comes is given up at the limit, and the job cancelled', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { systemd, outcome } = await ask(t, { timeLimitMs: soonMs });
  const call = await systemd.takeCall('StartTransientUnit');
  systemd.reply(call, 'o', [job]);
  await systemd.settle();
  assert.ok(await isPending(outcome));
  t.mock.timers.tick(soonMs);
  await assert.rejects(outcome, TimeLimitError);
  const cancel = await systemd.takeCall('Cancel');
  assert.deepEqual([cancel.path, cancel.interface], [job, 'org.freedesktop.systemd1.Job']);
  await systemd.waitForDeparture(call.sender!);
  systemd.signalJobRemoved({ ...done, result: 'canceled' });
  await systemd.settle();
});

test('S9 scope: the caller can give up, before the call and during it', async t => {
  const reason = new Error('changed my mind');
  const during = new AbortController();
  const { daemon, systemd, outcome } = await ask(t, { signal: during.signal });
  const call = await systemd.takeCall('StartTransientUnit');
  during.abort(reason);
  assert.equal(await takeError(outcome), reason);
  systemd.reply(call, 'o', [job]);
  assert.equal((await systemd.takeCall('Cancel')).path, job);
  await systemd.waitForDeparture(call.sender!);
  const before = startScope(makeRequest(daemon), { signal: AbortSignal.abort(reason) });
  assert.equal(await takeError(before), reason);
});

/** What is easily written: call, then listen, then wait. */
function startScopeNaively(
  t: TestContext,
  daemon: Daemon,
): { outcome: Promise<void>; subscribed: Promise<void> } {
  const bus: MessageBus = createClient({ busAddress: daemon.address });
  bus.connection.on('error', () => {});
  t.after(() => bus.connection.stream.destroy());
  const subscribed = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const run = async () => {
    const message = {
      destination: 'org.freedesktop.systemd1',
      path: '/org/freedesktop/systemd1',
      interface: 'org.freedesktop.systemd1.Manager',
      member: 'StartTransientUnit',
      signature: 'ssa(sv)a(sa(sv))',
      body: [unit, 'replace', [['PIDs', ['au', [process.pid]]]], []],
    };
    await bus.invoke(message).catch(() => {}); // the unit exists: as good as started
    bus.connection.on('message', ({ member }) => {
      if (member === 'JobRemoved') removed.resolve();
    });
    await bus.addMatch("type='signal',member='JobRemoved'");
    await bus.getId(); // whatever the bus had for us has come before this answer
    subscribed.resolve();
    await removed.promise;
  };
  return { outcome: run(), subscribed: subscribed.promise };
}
