import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Facts } from '../../../src/manager/events/facts.ts';
import { EventTracker } from '../../../src/manager/events/tracker.ts';

const now = new Date(9000);

const created: Facts = {
  id: 'web',
  incarnation: '0123456789abcdef',
  name: 'web',
  createdAt: new Date(1000),
  startedAt: undefined,
  oomKilled: false,
  pausedAt: undefined,
  exit: undefined,
  isDeleted: false,
  deletedAt: undefined,
  monitor: undefined,
};
const running: Facts = { ...created, startedAt: new Date(2000) };
const paused: Facts = { ...running, pausedAt: new Date(2500) };
const stopped: Facts = { ...running, exit: { exitCode: 3, finishedAt: new Date(3000) } };
const deleted: Facts = { ...stopped, isDeleted: true, deletedAt: new Date(4000) };
const neverStarted: Facts = { ...deleted, startedAt: undefined };

function tell(...all: readonly (Facts | undefined)[]): string[] {
  const tracker = new EventTracker();
  const observe = (facts: Facts | undefined) =>
    facts ? tracker.observe(facts, now) : tracker.observeNothing(created.id, created.incarnation, now);
  return all
    .flatMap(observe)
    .map(({ type, time, exitCode }) => `${type} ${time.getTime()} ${exitCode ?? '-'}`);
}

const life = ['create 1000 -', 'start 2000 -', 'exit 3000 3', 'delete 4000 -'];

it('EventTracker: a life is told once each, whatever was seen of it', () => {
  assert.deepEqual(
    tell(created, created, running, running, stopped, stopped, deleted, deleted, undefined, undefined),
    life,
  );
  assert.deepEqual(tell(created, stopped, deleted), life);
  assert.deepEqual(tell(running, deleted), life);
  assert.deepEqual(tell(created, deleted), life);
  assert.deepEqual(tell(deleted, deleted), life);
});

it('EventTracker: what cannot be seen any more in the middle of a deletion is not told again', () => {
  assert.deepEqual(tell(stopped, { ...stopped, startedAt: undefined, exit: undefined }, deleted), life);
});

it('EventTracker: of a container that is gone without a trace the rest is told, as far as it is known', () => {
  assert.deepEqual(tell(undefined), []);
  assert.deepEqual(tell(created, undefined), ['create 1000 -', 'delete 9000 -']);
  assert.deepEqual(tell(stopped, undefined), [...life.slice(0, 3), 'delete 9000 -']);
  assert.deepEqual(tell(running, undefined), [...life.slice(0, 2), 'exit 9000 -', 'delete 9000 -']);
});

it('EventTracker: a container that was not started has not exited', () => {
  assert.deepEqual(tell(created, neverStarted), ['create 1000 -', 'delete 4000 -']);
  assert.deepEqual(tell(neverStarted), ['create 1000 -', 'delete 4000 -']);
});

it('EventTracker: a pause and its end are told while the container runs', () => {
  assert.deepEqual(tell(running, paused, paused, running, paused, stopped), [
    ...life.slice(0, 2),
    'pause 2500 -',
    'resume 9000 -',
    'pause 2500 -',
    life[2],
  ]);
});

it('EventTracker: memory that ran out is told once, and does not have to be the end', () => {
  const short = { ...running, oomKilled: true };
  assert.deepEqual(tell(running, short, running, { ...stopped, oomKilled: true }), [
    ...life.slice(0, 2),
    'oom 9000 -',
    life[2],
  ]);
});

it('EventTracker: another container under the same ID is another life', () => {
  const another = { ...created, incarnation: 'fedcba9876543210', createdAt: new Date(5000) };
  assert.deepEqual(tell(stopped, another, deleted), [...life.slice(0, 3), 'create 5000 -', life[3]]);
});

it('EventTracker: what is over and forgotten takes no memory', () => {
  const tracker = new EventTracker();
  tracker.observe(deleted, now);
  assert.equal(tracker.list().length, 1);
  tracker.observeNothing(deleted.id, deleted.incarnation, now);
  assert.deepEqual(tracker.list(), []);
});
