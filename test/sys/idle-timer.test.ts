// What is told when nothing has happened for a while, over scripted calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleTimer } from '../../src/sys/idle-timer.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

function open() {
  const sys = createScriptedSys();
  const reactor = new Reactor(sys);
  let runs = 0;
  const timer = new IdleTimer(reactor, 1000, () => runs++);
  return { sys, reactor, timer, runs: () => runs };
}

test('idle timer: runs once, when nothing has been noted for the time', () => {
  const { reactor, timer, runs } = open();
  timer.note();
  turn(reactor, 999);
  timer.note();
  turn(reactor, 1);
  turn(reactor, 999);
  assert.equal(runs(), 0);
  turn(reactor, 1);
  assert.equal(runs(), 1);
  assert.throws(() => reactor.turn(), /wait for ever/);
  timer.note();
  turn(reactor, 1000);
  assert.equal(runs(), 2);
});

test('idle timer: a note while the clock runs makes no call', () => {
  const { sys, timer } = open();
  timer.note();
  const before = sys.calls.length;
  for (let i = 0; i < 100; i++) timer.note();
  assert.equal(sys.calls.length, before);
});

test('idle timer: cancelled, it does not run before something is noted again', () => {
  const { reactor, timer, runs } = open();
  timer.note();
  timer.cancel();
  assert.throws(() => reactor.turn(), /wait for ever/);
  assert.equal(runs(), 0);
  timer.note();
  turn(reactor, 1000);
  assert.equal(runs(), 1);
});
