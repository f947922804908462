// What the judge of the model test finds, and what it lets pass.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../fixtures/manager-model/judge.ts';
import type { Operation } from '../../fixtures/manager-model/operations.ts';
import type { Outcome, Sighting, Step } from '../../fixtures/manager-model/play.ts';

const made: Outcome = { result: {} };
const fails = (code: string): Outcome => ({ failure: { name: 'Error', code, message: code } });
const sees = (sighting: Partial<Sighting>): Outcome => ({
  result: {
    seen: [
      {
        id: 'm0',
        nonce: 'a',
        status: 'running',
        exitCode: null,
        isDeleted: false,
        deleting: false,
        ...sighting,
      },
    ],
  },
});

const start: Operation = { kind: 'start', id: 'm0' };
const state: Operation = { kind: 'state', id: 'm0' };
const stop: Operation = { kind: 'stop', id: 'm0', timeoutMs: 0 };
const remove: Operation = { kind: 'delete', id: 'm0', force: true };
const wait: Operation = { kind: 'wait', id: 'm0', condition: 'exited', timeLimitMs: 0 };
const create = (nonce: string, exitCode = 1): Operation => ({
  kind: 'create',
  id: 'm0',
  nonce,
  exitCode,
  lifeMs: 0,
  removesItself: false,
  abortAfterMs: undefined,
});

type Row = readonly [Operation, Outcome | undefined, beginMs: number, endMs: number];

/** Steps of one worker. */
function play(rows: readonly Row[]): Step[] {
  return rows.map(([operation, outcome, beginMs, endMs], number) => ({
    worker: 0,
    number,
    operation,
    outcome,
    beginMs,
    endMs,
  }));
}

describe('the judge of the model test', () => {
  const finds = (name: string, words: RegExp, ...rows: Row[]) =>
    it(`finds ${name}`, () => {
      const wrong = judge(play(rows));
      assert.equal(wrong.length, 1, wrong.join('\n'));
      assert.match(wrong[0]!, words);
    });
  const passes = (name: string, ...rows: Row[]) =>
    it(`lets pass ${name}`, () => assert.deepEqual(judge(play(rows)), []));

  finds('an error that is not documented', /fails with ENOENT/, [start, fails('ENOENT'), 0, 1]);
  finds(
    'a second container of one ID',
    /nobody had deleted/,
    [create('a'), made, 0, 1],
    [create('b'), made, 2, 3],
  );
  passes('one after a deletion', [create('a'), made, 0, 1], [remove, made, 1, 2], [create('b'), made, 2, 3]);
  passes(
    'one after a deletion that was killed',
    [create('a'), made, 0, 1],
    [remove, undefined, 1, 2],
    [create('b'), made, 2, 3],
  );
  finds(
    'a container that is lost',
    /does not find/,
    [create('a'), made, 0, 1],
    [start, fails('ERR_NOT_FOUND'), 2, 3],
  );
  passes(
    'one that is deleted meanwhile',
    [create('a'), made, 0, 1],
    [start, fails('ERR_NOT_FOUND'), 2, 5],
    [remove, made, 4, 6],
  );
  finds(
    'an end that is forgotten',
    /knows nothing/,
    [create('a'), made, 0, 1],
    [remove, made, 1, 2],
    [state, fails('ERR_NOT_FOUND'), 3, 4],
  );
  finds(
    'an ID that is not free again',
    /finds the ID taken/,
    [create('a'), made, 0, 1],
    [remove, made, 1, 2],
    [create('b'), fails('ERR_EXISTS'), 3, 4],
  );
  passes(
    'one that a killed process may have',
    [create('a'), undefined, 0, 1],
    [create('b'), fails('ERR_EXISTS'), 3, 4],
  );
  finds(
    'an older container',
    /older/,
    [create('a'), made, 0, 1],
    [remove, made, 1, 2],
    [create('b'), made, 2, 3],
    [state, sees({}), 4, 5],
  );
  finds(
    'the process of another one',
    /with the process of b/,
    [create('a'), made, 0, 1],
    [state, sees({ runsFor: 'b' }), 2, 3],
  );
  finds('a container that was not made', /was not made/, [state, sees({}), 0, 1]);
  finds(
    'one that runs after its stop',
    /running after/,
    [create('a'), made, 0, 1],
    [stop, { result: { exitCode: 1 } }, 1, 2],
    [state, sees({}), 3, 4],
  );
  finds(
    'the exit code of another one',
    /says 9/,
    [create('a'), made, 0, 1],
    [wait, { result: { exitCode: 9 } }, 1, 2],
  );
  finds(
    'an exit code that is lost',
    /says null/,
    [create('a'), made, 0, 1],
    [wait, { result: { exitCode: null } }, 1, 2],
  );
  passes(
    'that of one whose creator was killed',
    [create('a'), undefined, 0, 1],
    [wait, { result: { exitCode: null } }, 1, 2],
  );
});
