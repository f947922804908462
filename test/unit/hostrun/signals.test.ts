import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseSignal } from '../../../src/hostrun/signals.ts';

it('parseSignal: names with and without SIG, in any case, and numbers', () => {
  for (const text of ['TERM', 'SIGTERM', 'term', 'sigterm', '15']) assert.equal(parseSignal(text), 15);
  assert.equal(parseSignal('0'), 0);
  assert.equal(parseSignal('999'), 999);
});

it('parseSignal: what is no signal is named', () => {
  for (const text of ['FOO', '', 'SIG', 'TERM ', '1x', 'toString'])
    assert.throws(() => parseSignal(text), { message: `unknown signal "${text}"` });
});
