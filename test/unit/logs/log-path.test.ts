import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLogPath } from '../../../src/logs/log-path.ts';
import { Refusal } from '../../../src/sys/errors.ts';

const file = (path: string) => ({ driver: 'k8s-file', path });

test('L1 log path: a path alone, or behind k8s-file: or a colon, is a file', () => {
  for (const spelling of [
    '/log/x',
    'k8s-file:/log/x',
    ':/log/x',
    'k8s-file::/log/x',
    ':k8s-file:/log/x',
    '::/log/x',
  ])
    assert.deepEqual(parseLogPath(spelling), file('/log/x'), spelling);
  assert.deepEqual(parseLogPath('x'), file('x'));
});

test('L1 log path: a lone name behind a colon is a file of that name, whatever driver it names', () => {
  for (const name of ['none', 'off', 'null', 'journald', 'passthrough', 'k8s-file'])
    assert.deepEqual(parseLogPath(`:${name}`), file(name));
});

test('L1 log path: drivers without a file, with or without a colon or more behind it', () => {
  for (const suffix of ['', ':', ':/ignored']) {
    for (const name of ['none', 'off', 'null'])
      assert.deepEqual(parseLogPath(name + suffix), { driver: 'none' }, name + suffix);
    for (const driver of ['journald', 'passthrough'])
      assert.deepEqual(parseLogPath(driver + suffix), { driver }, driver + suffix);
  }
});

test('L1 log path: a path behind k8s-file: keeps its colons', () => {
  assert.deepEqual(parseLogPath('k8s-file:/d/a:b'), file('/d/a:b'));
});

test("L2 log path: what is refused, in conmon's words", () => {
  const refusals: [string, string][] = [
    ['', 'log-path must not be empty'],
    [':', 'log-path must not be empty'],
    ['::', 'log-path must not be empty'],
    ['k8s-file', 'k8s-file requires a filename'],
    ['k8s-file:', 'k8s-file requires a filename'],
    ['k8s-file::', 'k8s-file requires a filename'],
    ['syslog:', 'No such log driver syslog'],
    ['/log/x:', 'No such log driver /log/x'],
    ['/log/x:y', 'No such log driver /log/x'],
    [':/log/x:y', 'No such log driver /log/x'],
    ['NONE:', 'No such log driver NONE'],
  ];
  for (const [spelling, message] of refusals)
    assert.throws(() => parseLogPath(spelling), new Refusal(message), spelling);
});

test('L1 log path: any text names one driver or is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(':', 'k8s-file', 'none', 'a', '/', '\n', 'é') }), text => {
      try {
        const target = parseLogPath(text);
        if (target.driver === 'k8s-file') assert.ok(/^[^:]/s.test(target.path) && text.includes(target.path));
      } catch (error) {
        assert.ok(error instanceof Refusal);
      }
    }),
  );
});

test('L1 log path: any text means what a regular expression makes of it', () => {
  const expected = (text: string): unknown => {
    const [, colons = '', driver = '', rest = ''] = /^(:*)([^:]*)(.*)$/s.exec(text)!;
    const path = rest.replace(/^:+/, '');
    if (driver === '') return 'log-path must not be empty';
    if (path === '' && colons !== '') return file(driver);
    if (['off', 'null', 'none'].includes(driver)) return { driver: 'none' };
    if (['passthrough', 'journald'].includes(driver)) return { driver };
    if (driver === 'k8s-file') return path === '' ? 'k8s-file requires a filename' : file(path);
    return rest === '' ? file(driver) : `No such log driver ${driver}`;
  };
  const unit = fc.constantFrom(':', 'k8s-file', 'none', 'journald', 'a', '/', '\n', 'é');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), text => {
      let answer: unknown;
      try {
        answer = parseLogPath(text);
      } catch (error) {
        answer = (error as Error).message;
      }
      assert.deepEqual(answer, expected(text), text);
    }),
    { numRuns: 2000 },
  );
});
