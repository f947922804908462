// Small parts of the library: coalesced questions, limits, the store of exit codes, IDs.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Coalescer } from '../../../src/manager/coalesce.ts';
import { exitCodeKeptMs, parseExitCode, readStoredExit, storeExit } from '../../../src/manager/exit-codes.ts';
import { TimeLimitError } from '../../../src/manager/index.ts';
import { layOut, layOutContainer } from '../../../src/manager/layout.ts';
import { within } from '../../../src/manager/limits.ts';

test('coalescer: who asks during a call gets the next one, and all of them the same', async () => {
  const coalescer = new Coalescer<number>();
  const calls: PromiseWithResolvers<number>[] = [];
  const work = () => {
    const call = Promise.withResolvers<number>();
    calls.push(call);
    return call.promise;
  };
  const first = coalescer.ask('a', work);
  const later = [coalescer.ask('a', work), coalescer.ask('a', work)];
  coalescer.ask('b', work);
  assert.equal(calls.length, 2);
  calls[0]!.reject(new Error('first'));
  await assert.rejects(first, /first/);
  while (calls.length < 3) await new Promise(setImmediate);
  calls[2]!.resolve(2);
  assert.deepEqual(await Promise.all(later), [2, 2]);
  coalescer.ask('a', work);
  assert.equal(calls.length, 4);
});

test('within: the work’s outcome, the limit, or the signal’s reason, whichever is first', async () => {
  assert.equal(await within(Promise.resolve(1), { timeLimitMs: 1000 }, 'x'), 1);
  const never = new Promise<void>(() => {});
  await assert.rejects(within(never, { timeLimitMs: 1 }, 'waiting'), (error: unknown) => {
    assert.ok(error instanceof TimeLimitError && error.limitMs === 1);
    return true;
  });
  const reason = new Error('enough');
  await assert.rejects(within(never, { signal: AbortSignal.abort(reason) }, 'x'), reason);
});

test('exit codes: what is no code is unknown, and not 0', () => {
  assert.deepEqual(['0', '137', '-1'].map(parseExitCode), [0, 137, -1]);
  assert.deepEqual(['', 'x', '1 2', '0x1', '9999'].map(parseExitCode), Array(5).fill(undefined));
});

test('exit codes: kept for five minutes, pruned with the next, halves of a write too', async t => {
  const root = mkdtempSync(join(tmpdir(), 'manager-codes-'));
  t.after(() => rmSync(root, { recursive: true }));
  const layout = layOut(root);
  const [old, young] = [layOutContainer(layout, 'old'), layOutContainer(layout, 'young')];
  const exit = {
    name: 'n',
    createdAt: new Date(3),
    startedAt: undefined,
    exitCode: undefined,
    oomKilled: true,
    finishedAt: new Date(5),
    monitor: undefined,
  };
  await storeExit(layout, old, exit);
  assert.deepEqual(readStoredExit(old), exit);
  const past = new Date(Date.now() - exitCodeKeptMs - 1000);
  writeFileSync(join(layout.codes, 'young.json.123'), '{"half');
  for (const name of ['old.json', 'young.json.123']) utimesSync(join(layout.codes, name), past, past);
  await storeExit(layout, young, { ...exit, exitCode: 3 });
  assert.deepEqual(readdirSync(layout.codes), ['young.json']);
  assert.equal(readStoredExit(young)?.exitCode, 3);
  assert.equal(readStoredExit(old), undefined);
});

test('IDs: names that lead elsewhere, or are ours, are refused', () => {
  const layout = layOut('/r');
  for (const id of ['', '.', '..', '.x', 'a/b', 'a b', 'é', 'x'.repeat(201)])
    assert.throws(() => layOutContainer(layout, id), { code: 'ERR_ARGUMENT' }, id);
  assert.equal(layOutContainer(layout, 'a_+.-Z9').dir, '/r/containers/a_+.-Z9');
});
