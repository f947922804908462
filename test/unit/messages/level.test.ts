import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLogLevel, isSaid, type LogLevel, parseLogLevel } from '../../../src/messages/level.ts';
import { Refusal } from '../../../src/sys/errors.ts';

test('M3 level: each word of --log-level, in any case, is a level', () => {
  const words: [string, LogLevel][] = [
    ['error', 'error'],
    ['fatal', 'error'],
    ['panic', 'error'],
    ['warn', 'warn'],
    ['warning', 'warn'],
    ['info', 'info'],
    ['debug', 'debug'],
    ['trace', 'trace'],
    ['TRACE', 'trace'],
    ['WarNing', 'warn'],
  ];
  for (const [word, level] of words) assert.equal(parseLogLevel(word), level);
});

test('M3 level: any other word is refused by its name', () => {
  for (const word of ['', 'bogus', 'warn ', 'err', '3', '__proto__'])
    assert.throws(() => parseLogLevel(word), new Refusal(`No such log level ${word}`));
});

test('M3 level: a level says itself and what is more important, and warnings by default', () => {
  const all: LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace'];
  const said = (configured: LogLevel) => all.filter(level => isSaid(level, configured));
  assert.deepEqual(said('error'), ['error']);
  assert.deepEqual(said(defaultLogLevel), ['error', 'warn']);
  assert.deepEqual(said('debug'), ['error', 'warn', 'info', 'debug']);
  assert.deepEqual(said('trace'), all);
});
