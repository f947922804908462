// A scope that is being asked for, and what tests make of the answer.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Message } from 'dbus-native';
import { ScopeError } from '../../src/manager/systemd/index.ts';
import { type ScopeOutcome, type ScopeRequest, startScope } from '../../src/manager/systemd/start-scope.ts';
import type { CallOptions } from '../../src/manager/types.ts';
import { Daemon, jobPath, Peer } from './systemd-harness.ts';

export const unit = 'conmon-abc.scope';
export const job = jobPath(41);
export const done = { job, unit, result: 'done' };

/** A limit that only a hang reaches, and one that is meant to pass. */
export const hangMs = 20_000;
export const soonMs = 200;

export interface Question {
  readonly daemon: Daemon;
  readonly systemd: Peer;
  readonly outcome: Promise<ScopeOutcome>;
}

/** A scope that is being asked for. */
export async function ask(t: TestContext, limits: CallOptions = {}): Promise<Question> {
  const daemon = await Daemon.start(t);
  const systemd = await Peer.connect(t, daemon);
  const outcome = startScope(makeRequest(daemon), { timeLimitMs: hangMs, ...limits });
  outcome.catch(() => {});
  return { daemon, systemd, outcome };
}

export function makeRequest(daemon?: Daemon): ScopeRequest {
  return {
    bus: { socket: daemon?.socket ?? '' },
    unit,
    pid: process.pid,
    description: 'a test',
    slice: 'machine.slice',
    killSignal: 13,
  };
}

export function refuse(systemd: Peer, call: Message, words: string): void {
  systemd.replyError(call, 'org.freedesktop.DBus.Error.InvalidArgs', words);
}

export async function takeError(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => assert.fail('it has not failed'),
    error => error,
  );
}

export async function assertScopeError(outcome: Promise<unknown>, words: RegExp): Promise<void> {
  const error = await takeError(outcome);
  assert.ok(error instanceof ScopeError, String(error));
  assert.match(error.message, words);
}

/** True where nothing has settled it so far. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  // Two turns: what has come through a socket has been read by then.
  for (let turns = 0; turns < 2; turns += 1) await new Promise(resolve => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}
