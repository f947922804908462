// Small parts of the library: coalesced questions, limits, the store of exit codes, IDs, phases.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Coalescer } from '../../../src/manager/coalesce.ts';
import { TimeLimitError } from '../../../src/manager/index.ts';
import { within } from '../../../src/manager/limits.ts';
import { mapConcurrently } from '../../../src/manager/map-concurrently.ts';
import {
  exitCodeKeptMs,
  findStoredIncarnation,
  parseExitCode,
  readStoredExit,
  storeExit,
} from '../../../src/manager/state/exit-codes.ts';
import { layOut, layOutContainer, requireId } from '../../../src/manager/state/layout.ts';
import {
  formatPhase,
  isAbandoned,
  movePhase,
  ownIdentity,
  ownPhase,
  readPhase,
} from '../../../src/manager/state/phase.ts';
import { makeFolder } from '../../fixtures/monitored.ts';

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

const anyExit = {
  name: 'n',
  createdAt: new Date(3),
  startedAt: undefined,
  exitCode: undefined,
  oomKilled: true,
  finishedAt: new Date(5),
  monitor: undefined,
};

const inc = (number: number) => number.toString(16).padStart(16, '0');

test('exit codes: kept for five minutes since the boot, pruned with the next, halves of a write too', async t => {
  const layout = layOut(makeFolder(t));
  const [old, young, half] = ['old', 'young', 'half'].map(id => layOutContainer(layout, id, inc(1)));
  await storeExit(layout, old!, anyExit);
  assert.deepEqual(readStoredExit(old!), anyExit);
  const entry = JSON.parse(readFileSync(old!.code, 'utf8'));
  const age = (ms: number) =>
    writeFileSync(
      old!.code,
      JSON.stringify({
        ...entry,
        storedAt: { ...entry.storedAt, monotonicMs: entry.storedAt.monotonicMs - ms },
      }),
    );
  age(exitCodeKeptMs - 10_000);
  assert.deepEqual(readStoredExit(old!), anyExit);
  age(exitCodeKeptMs + 10_000);
  assert.equal(readStoredExit(old!), undefined);
  const past = new Date(Date.now() - exitCodeKeptMs - 1000);
  writeFileSync(`${half!.code}.123`, '{"half');
  utimesSync(`${half!.code}.123`, past, past);
  await storeExit(layout, young!, { ...anyExit, exitCode: 3 });
  assert.deepEqual(readdirSync(layout.codes), [basename(young!.code)]);
  assert.equal(readStoredExit(young!)?.exitCode, 3);
});

test('exit codes: a wall clock that is set back, or forth, keeps none for longer', async t => {
  const layout = layOut(makeFolder(t));
  const paths = layOutContainer(layout, 'a', inc(1));
  const day = 24 * 60 * 60 * 1000;
  for (const shift of [-day, day]) {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + shift });
    await storeExit(layout, paths, anyExit);
    t.mock.timers.reset();
    assert.deepEqual(readStoredExit(paths), anyExit);
    const entry = JSON.parse(readFileSync(paths.code, 'utf8'));
    entry.storedAt.monotonicMs -= exitCodeKeptMs + 1000;
    writeFileSync(paths.code, JSON.stringify(entry));
    assert.equal(readStoredExit(paths), undefined);
    // Of another boot the wall clock is all there is.
    entry.storedAt.bootId = 'another';
    writeFileSync(paths.code, JSON.stringify(entry));
    assert.equal(readStoredExit(paths), undefined);
  }
});

test('exit codes: each incarnation has its own, and the ID alone means the one that had it last', async t => {
  const layout = layOut(makeFolder(t));
  const [first, second] = [1, 2].map(number => layOutContainer(layout, 'a', inc(number)));
  await storeExit(layout, first!, { ...anyExit, exitCode: 1 });
  await storeExit(layout, second!, { ...anyExit, exitCode: 2 });
  await storeExit(layout, layOutContainer(layout, 'a.b', inc(3)), { ...anyExit, exitCode: 3 });
  assert.equal(findStoredIncarnation(layout, 'a')?.incarnation, inc(2));
  assert.deepEqual(
    [first!, second!].map(paths => readStoredExit(paths)?.exitCode),
    [1, 2],
  );
});

test('exit codes: an entry that somebody has touched counts as not there', async t => {
  const layout = layOut(makeFolder(t));
  const paths = layOutContainer(layout, 'a', inc(1));
  await storeExit(layout, paths, anyExit);
  const whole = readFileSync(paths.code, 'utf8');
  for (const text of [
    '',
    whole.slice(0, -5),
    'null',
    '[]',
    '{}',
    whole.replace('"n"', '7'),
    '{"version":2}',
  ]) {
    writeFileSync(paths.code, text);
    assert.equal(readStoredExit(paths), undefined, text);
    assert.equal(findStoredIncarnation(layout, 'a'), undefined, text);
  }
});

test('IDs: names that lead elsewhere, or are ours, are refused', () => {
  for (const id of ['', '.', '..', '.x', 'a/b', 'a b', 'é', 'a@b', 'x'.repeat(201)])
    assert.throws(() => requireId(id), { code: 'ERR_ARGUMENT' }, id);
  requireId('a_+.-Z9');
  assert.equal(layOutContainer(layOut('/r'), 'a', inc(1)).dir, `/r/incarnations/a@${inc(1)}`);
});

test('phases: of two who take an incarnation to another phase one succeeds', async t => {
  const layout = layOut(makeFolder(t));
  const paths = layOutContainer(layout, 'a', inc(1));
  assert.equal(readPhase(paths), undefined);
  mkdirSync(paths.phase, { recursive: true });
  assert.equal(readPhase(paths), undefined);
  const creating = ownPhase('creating');
  writeFileSync(join(paths.phase, formatPhase(creating)), '');
  assert.deepEqual(readPhase(paths), creating);
  const created = { name: 'created', owner: undefined } as const;
  const deleting = ownPhase('deleting');
  const moved = await Promise.all([created, deleting].map(to => movePhase(paths, creating, to)));
  assert.deepEqual(moved.toSorted(), [false, true]);
  assert.deepEqual(readPhase(paths), moved[0] ? created : deleting);
});

test('phases: one whose owner has ended is abandoned, as is one without', () => {
  const ended = spawnSync('true').pid;
  const owner = { ...ownIdentity(), pid: ended };
  assert.equal(isAbandoned(ownPhase('deleting')), false);
  assert.equal(isAbandoned({ name: 'deleting', owner }), true);
  assert.equal(isAbandoned({ name: 'deleting', owner: { ...ownIdentity(), bootId: 'another' } }), true);
  assert.equal(isAbandoned({ name: 'deleting', owner: undefined }), true);
});

test('many: no more than so many at a time, in their order, and none after one that failed', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    running += 1;
    most = Math.max(most, running);
    await nextTurn();
    running -= 1;
    if (item === 5) throw new Error('five');
    return item * 2;
  };
  assert.deepEqual(await mapConcurrently([1, 2, 3, 4], 3, work), [2, 4, 6, 8]);
  assert.equal(most, 3);
  begun.length = 0;
  await assert.rejects(mapConcurrently([5, 6, 7, 8, 9], 2, work), /five/);
  assert.deepEqual(begun, [5, 6]);
});
