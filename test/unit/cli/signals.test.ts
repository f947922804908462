import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interrupted, Signals } from '../../../src/cli/signals.ts';

test('Signals: before there is anybody to pass it on to, one that is to end gives up', () => {
  const signals = new Signals();
  process.emit('SIGUSR1');
  assert.equal(signals.signal.aborted, false);
  process.emit('SIGTERM');
  const { reason } = signals.signal;
  assert.ok(reason instanceof Interrupted);
  assert.equal(reason.status, 143);
  assert.throws(() => signals.hold(), Interrupted);
  assert.throws(() => signals.passTo(() => {}), Interrupted);
});

test('Signals: what was held comes first, and each waits for the one before it', async () => {
  const signals = new Signals();
  const seen: string[] = [];
  const done = Promise.withResolvers<void>();
  process.emit('SIGUSR1');
  signals.hold();
  process.emit('SIGTERM');
  signals.passTo(async name => {
    seen.push(`begin ${name}`);
    await Promise.resolve();
    seen.push(`end ${name}`);
    if (name === 'SIGUSR1') throw new Error('nobody there');
    if (name === 'SIGHUP') done.resolve();
  });
  process.emit('SIGHUP');
  await done.promise;
  const expected = ['SIGUSR1', 'SIGTERM', 'SIGHUP'].flatMap(name => [`begin ${name}`, `end ${name}`]);
  assert.deepEqual(seen, expected);
  assert.equal(signals.signal.aborted, false);
});
