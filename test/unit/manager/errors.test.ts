// The closed set of errors, and what others become in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../../../src/manager/call.ts';
import {
  InternalError,
  MonitorError,
  RuntimeError,
  StateError,
  SystemError,
} from '../../../src/manager/index.ts';

const fails = (work: () => unknown, signal?: AbortSignal): Promise<unknown> =>
  call(signal ? { signal } : {}, work).then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  );

test('errors: what the system refuses is a SystemError with its facts', async () => {
  const error = await fails(() => readFileSync('/nowhere/file'));
  assert.ok(error instanceof SystemError);
  const { code, errno, syscall, path, cause } = error;
  assert.deepEqual([code, errno, syscall, path], ['ERR_SYSTEM', 'ENOENT', 'open', '/nowhere/file']);
  assert.ok(cause instanceof Error && error.message === cause.message);
});

test('errors: a fault of the library’s own is said to be one, with all that is known of it', async () => {
  const fault = new TypeError('x is not a function');
  for (const work of [
    () => Promise.reject(fault),
    () => {
      throw fault;
    },
  ]) {
    const error = await fails(work);
    assert.ok(error instanceof InternalError);
    assert.deepEqual([error.code, error.cause], ['ERR_INTERNAL', fault]);
    assert.match(error.message, /fault of conmon-ts: x is not a function/);
  }
});

test('errors: one of the set stays as it is, and the signal’s reason too, whatever a call of Node’s made of it', async () => {
  const known = new StateError('no');
  assert.equal(await fails(() => Promise.reject(known)), known);
  const abort = new AbortController();
  const reason = Object.assign(new Error('enough'), { code: 'ENOENT', errno: -2, syscall: 'open' });
  const sleeping = fails(() => sleep(100_000, undefined, { signal: abort.signal }), abort.signal);
  abort.abort(reason);
  assert.equal(await sleeping, reason);
  assert.equal(await fails(() => Promise.reject(reason), abort.signal), reason);
});

test('errors: of what a program said at length the beginning and the end are kept', () => {
  const stderr = `first ${'x'.repeat(4 * 1024 * 1024)} last`;
  const failure = { command: ['runc'], exitCode: 1, stderr };
  for (const error of [new RuntimeError('running', stderr, failure), new MonitorError('starting', failure)]) {
    assert.ok(error.message.length < 5000, `${error.message.length}`);
    assert.ok(error.stderr.length < 70_000);
    for (const text of [error.message, error.stderr])
      assert.match(text, /^[^x]*first x+\n\[\d+ characters left out\]\nx+ last$/);
  }
});
