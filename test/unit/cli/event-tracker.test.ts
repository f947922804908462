import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EventTracker } from '../../../src/cli/events/tracker.ts';
import type { ContainerState } from '../../../src/manager/index.ts';

const now = new Date(9000);

const created: ContainerState = {
  id: 'web',
  incarnation: '0123456789abcdef',
  status: 'created',
  error: undefined,
  synthetic: false,
  deleting: false,
  pid: 1,
  monitorPid: 2,
  bundle: '/b',
  name: 'web',
  createdAt: new Date(1000),
  startedAt: undefined,
  exitCode: undefined,
  oomKilled: false,
  finishedAt: undefined,
  logPath: undefined,
  terminal: false,
  labels: {},
  annotations: {},
};
const running: ContainerState = { ...created, status: 'running', startedAt: new Date(2000) };
const stopped: ContainerState = { ...running, status: 'stopped', exitCode: 3, finishedAt: new Date(3000) };
const deleted: ContainerState = { ...stopped, bundle: undefined };
const neverStarted: ContainerState = { ...deleted, startedAt: undefined, exitCode: 137 };

function tell(...states: readonly (ContainerState | undefined)[]): string[] {
  const tracker = new EventTracker();
  return states.flatMap(state =>
    tracker
      .observe('web', state, now)
      .map(({ event, time, exitCode }) => `${event} ${time.getTime()} ${exitCode ?? '-'}`),
  );
}

const life = ['create 1000 -', 'start 2000 -', 'exit 3000 3', 'delete 9000 -'];

it('EventTracker: a life is told once each, whatever was seen of it', () => {
  assert.deepEqual(
    tell(created, created, running, running, stopped, stopped, deleted, deleted, undefined),
    life,
  );
  assert.deepEqual(tell(created, stopped, deleted), life);
  assert.deepEqual(tell(stopped, undefined), life);
  assert.deepEqual(tell(running, deleted), life);
  assert.deepEqual(tell(created, deleted), life);
  assert.deepEqual(tell({ ...created, status: 'creating' }, deleted), life);
});

it('EventTracker: what cannot be seen any more in the middle of a deletion is not told again', () => {
  const halfGone = { ...stopped, startedAt: undefined, exitCode: undefined, finishedAt: undefined };
  assert.deepEqual(tell(stopped, halfGone, deleted), life);
});

it('EventTracker: a container that was gone before it was looked at has its whole life told', () => {
  assert.deepEqual(tell(deleted, deleted, undefined, undefined), life);
});

it('EventTracker: a creation under way is nothing yet, and one that failed nothing ever', () => {
  assert.deepEqual(tell({ ...created, status: 'creating' }, undefined), []);
});

it('EventTracker: a container that was deleted before it was started has not exited', () => {
  assert.deepEqual(tell(created, neverStarted), ['create 1000 -', 'delete 9000 -']);
  assert.deepEqual(tell(neverStarted), ['create 1000 -', 'delete 9000 -']);
});

it('EventTracker: the end is told with the exit code, or when nobody is left to tell it', () => {
  const unknown = { ...stopped, exitCode: undefined, finishedAt: undefined };
  assert.deepEqual(tell(running, unknown), life.slice(0, 2));
  assert.deepEqual(tell(running, unknown, stopped), life.slice(0, 3));
  assert.deepEqual(tell(running, { ...unknown, monitorPid: undefined }), [
    ...life.slice(0, 2),
    'exit 9000 -',
  ]);
});

it('EventTracker: memory that ran out is told once, and does not have to be the end', () => {
  const short = { ...running, oomKilled: true };
  assert.deepEqual(tell(running, short, short, { ...stopped, oomKilled: true }), [
    ...life.slice(0, 2),
    'oom 9000 -',
    life[2],
  ]);
});

it('EventTracker: another container under the same ID is another life', () => {
  const another = { ...created, createdAt: new Date(5000) };
  assert.deepEqual(tell(stopped, deleted, another), [...life, 'create 5000 -']);
  assert.deepEqual(tell(stopped, another), [...life.slice(0, 3), 'delete 9000 -', 'create 5000 -']);
});
