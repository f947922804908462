import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/cli/usage-error.ts';
import {
  expandEnv,
  parseCount,
  parseDuration,
  parseLabels,
  parseSignal,
  parseSize,
  parseTime,
  parseUser,
} from '../../../src/cli/values.ts';

it('parseDuration: a number is seconds, units add up', () => {
  const cases = {
    '0': 0,
    '10': 10_000,
    '1.5': 1500,
    '500ms': 500,
    '2m': 120_000,
    '1h30m': 5_400_000,
    '1d': 86_400_000,
    '30d': 2_592_000_000,
    infinity: Number.POSITIVE_INFINITY,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text, '--time'), ms, text);
});

it('parseDuration: anything else is refused by the option’s name', () => {
  for (const text of [
    '',
    '-1',
    '10 s',
    '5x',
    's',
    '1m 2s',
    'Infinity',
    '1e3',
    '9'.repeat(20),
    '9'.repeat(400),
    `${'9'.repeat(20)}ms`,
  ])
    assert.throws(() => parseDuration(text, '--time'), {
      name: 'UsageError',
      message: /^--time: .*is no duration/,
    });
});

it('parseDuration, parseTime, parseSize, parseUser, parseSignal: any text is a value or a UsageError', () => {
  const now = new Date();
  const parsers = [
    (text: string) => parseDuration(text, '--x'),
    (text: string) => parseTime(text, '--x', now),
    (text: string) => parseSize(text, '--x'),
    (text: string) => parseCount(text, '--x'),
    (text: string) => parseSignal(text, '--x'),
    parseUser,
  ];
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.smhdkg:TZ+-]{0,24}$/));
  fc.assert(
    fc.property(text, fc.constantFrom(...parsers), (given, parse) => {
      try {
        const value = parse(given);
        const numbers =
          value instanceof Date
            ? [value.getTime()]
            : typeof value === 'object'
              ? Object.values(value)
              : [value];
        for (const number of numbers) assert.ok(typeof number === 'string' || !Number.isNaN(number));
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }),
  );
});

it('parseTime: RFC 3339 with nine digits, a date, seconds since 1970, and a duration ago', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  const cases = {
    '2026-01-02T03:04:05.123456789+01:00': '2026-01-02T02:04:05.123Z',
    '2026-01-02': '2026-01-02T00:00:00.000Z',
    '1767323045': '2026-01-02T03:04:05.000Z',
    '10m': '2026-01-02T02:54:05.000Z',
    '30': '2026-01-02T03:03:35.000Z',
  };
  for (const [text, time] of Object.entries(cases))
    assert.equal(parseTime(text, '--since', now).toISOString(), time, text);
  for (const text of [
    '',
    'now',
    '2026-13-01',
    '-5m',
    'infinity',
    '9'.repeat(20),
    `2026-01-02${'0'.repeat(9)}`,
    '999999999d',
  ])
    assert.throws(() => parseTime(text, '--since', now), { message: /^--since: .*is no time|no duration/ });
});

it('parseSize: binary units in any case, and no size of nothing', () => {
  const cases = { '4096': 4096, '64k': 65_536, '10M': 10_485_760, '10MiB': 10_485_760, '1g': 1_073_741_824 };
  for (const [text, bytes] of Object.entries(cases))
    assert.equal(parseSize(text, '--log-size-max'), bytes, text);
  for (const text of ['', '0', '0k', '-1', '1.5m', '10x', '99999999999g'])
    assert.throws(() => parseSize(text, '--log-size-max'), UsageError, text);
});

it('parseSignal: names with and without SIG in any case, and numbers of signals', () => {
  for (const text of ['TERM', 'SIGTERM', 'term', 'sigterm']) assert.equal(parseSignal(text, '-s'), 'SIGTERM');
  assert.equal(parseSignal('34', '-s'), 34);
  for (const text of ['0', '65', 'FOO', '', 'toString'])
    assert.throws(() => parseSignal(text, '-s'), UsageError);
});

it('expandEnv: a name alone hands its value on, where it has one', () => {
  assert.deepEqual(expandEnv(['A=1', 'B', 'C', 'D=x=y'], { B: 'two' }), ['A=1', 'B=two', 'D=x=y']);
  for (const entry of ['', '=x']) assert.throws(() => expandEnv([entry], {}), UsageError);
});

it('parseLabels, parseUser: what they take, and what they refuse', () => {
  assert.deepEqual(parseLabels(['a=b=c', 'd']), { a: 'b=c', d: '' });
  assert.throws(() => parseLabels(['=b']), UsageError);
  assert.deepEqual(parseUser('10'), { uid: 10, gid: 0 });
  assert.deepEqual(parseUser('10:20'), { uid: 10, gid: 20 });
  for (const text of ['root', '1:', ':1', '1:2:3']) assert.throws(() => parseUser(text), UsageError);
});
