import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatRecord } from '../../../src/hostrun/log.ts';

const now = new Date('2026-01-02T03:04:05.678Z');

it('formatRecord: text is one line, with quotes and newlines escaped', () => {
  const expected = 'time="2026-01-02T03:04:05Z" level=error msg="a \\"b\\"\\nc"\n';
  assert.equal(formatRecord('text', 'error', 'a "b"\nc', now), expected);
});

it('formatRecord: json is one line that parses', () => {
  const line = formatRecord('json', 'warning', 'a "b"\nc', now);
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.deepEqual(JSON.parse(line), { level: 'warning', msg: 'a "b"\nc', time: '2026-01-02T03:04:05Z' });
});
