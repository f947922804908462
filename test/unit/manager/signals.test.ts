import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSignal, numberOfSignal } from '../../../src/manager/processes/signals.ts';

test('signals: as runtimes take them, real-time signals by number', () => {
  const given = ['SIGTERM', 'TERM', 15, '15', 'SIGRTMIN', 'RTMIN+3', 'SIGRTMAX-1', 'SIGRTMIN+31', 'FOO'];
  const formatted = ['TERM', 'TERM', '15', '15', '34', '37', '63', 'RTMIN+31', 'FOO'];
  assert.deepEqual(given.map(formatSignal), formatted);
});

test('signals: the number of one, and of what is none', () => {
  const given = ['SIGTERM', 'USR1', 9, '64', 'SIGRTMIN+3', 0, '65', 'RTMAX+1', 'FOO', '', -9];
  const numbers = [15, 10, 9, 64, 37, undefined, undefined, undefined, undefined, undefined, undefined];
  assert.deepEqual(given.map(numberOfSignal), numbers);
});
