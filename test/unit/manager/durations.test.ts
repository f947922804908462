// Durations of any length, and what is none.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkDuration, startTimer } from '../../../src/manager/durations.ts';
import { TimeLimitError } from '../../../src/manager/index.ts';
import { within } from '../../../src/manager/limits.ts';

const dayMs = 86_400_000;

/** The longest delay of Node's own timers. */
const timeoutMaxMs = 2 ** 31 - 1;

/** Lets mocked time pass. A timer that is made in a tick is made at its end, so no tick is longer than a timer. */
function pass(t: TestContext, ms: number): void {
  for (let leftMs = ms; leftMs > 0; leftMs -= timeoutMaxMs)
    t.mock.timers.tick(Math.min(leftMs, timeoutMaxMs));
}

for (const delayMs of [0, 1, timeoutMaxMs, timeoutMaxMs + 1, 30 * dayMs, 365 * dayMs])
  test(`timer: ${delayMs} ms are over then, and not a millisecond before`, t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let fired = 0;
    startTimer(delayMs, () => fired++);
    assert.equal(fired, 0);
    pass(t, delayMs - 1);
    assert.equal(fired, 0);
    pass(t, 1);
    pass(t, 2 * delayMs);
    assert.equal(fired, 1);
  });

test('timer: stopped in its second step, or of no end, it never fires', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const timer = startTimer(30 * dayMs, () => assert.fail('it fired'));
  const never = startTimer(Number.POSITIVE_INFINITY, () => assert.fail('it fired'));
  pass(t, 29 * dayMs);
  timer.stop();
  pass(t, 365 * dayMs);
  never.stop();
});

test('durations: what is negative, no number or not known is an ArgumentError', () => {
  for (const duration of [-1, -Infinity, Number.NaN, '5' as unknown as number, null as unknown as number])
    assert.throws(() => checkDuration('timeoutMs', duration), {
      code: 'ERR_ARGUMENT',
      message: `timeoutMs: ${duration} is no duration: 0 and more is, and Infinity`,
    });
});

test('within: a limit of 30 days is not over before', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limited = within(new Promise(() => {}), { timeLimitMs: 30 * dayMs }, 'waiting');
  let ended = false;
  const noted = assert.rejects(limited, TimeLimitError).then(() => {
    ended = true;
  });
  pass(t, 30 * dayMs - 1);
  await new Promise(setImmediate);
  assert.equal(ended, false);
  pass(t, 1);
  await noted;
});
