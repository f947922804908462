import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMatchRule, readJobRemoved } from '../../../src/manager/systemd/job-removed.ts';

const good = {
  type: 4,
  sender: ':1.3',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
  member: 'JobRemoved',
  signature: 'uoss',
  body: [41, '/org/freedesktop/systemd1/job/41', 'a.scope', 'done'],
};

test('JobRemoved: job, unit and result are read, and who says so', () => {
  assert.deepEqual(readJobRemoved(good), {
    sender: ':1.3',
    job: '/org/freedesktop/systemd1/job/41',
    unit: 'a.scope',
    result: 'done',
  });
});

const others = {
  'a method call': { type: 1 },
  'a reply': { type: 2 },
  'another signal': { member: 'JobNew' },
  'another interface': { interface: 'org.example.Manager' },
  'another object': { path: '/org/freedesktop/systemd1/unit/a' },
  'the arguments of version 44 of systemd': { signature: 'uos', body: [41, '/j', 'done'] },
  'no sender': { sender: undefined },
  'no body': { body: undefined },
  'a short body': { body: [41, '/j', 'a.scope'] },
};

for (const [what, difference] of Object.entries(others))
  test(`JobRemoved: ${what} is none`, () => {
    const { sender, body, ...rest } = { ...good, ...difference };
    const message = { ...rest, ...(sender ? { sender } : {}), ...(body ? { body } : {}) };
    assert.equal(readJobRemoved(message), undefined);
  });

test('JobRemoved: a body of anything is read or dropped, and never thrown at', () => {
  fc.assert(
    fc.property(fc.array(fc.anything(), { maxLength: 5 }), body => {
      const removed = readJobRemoved({ ...good, body });
      const isRight =
        body.slice(1, 4).length === 3 && body.slice(1, 4).every(value => typeof value === 'string');
      assert.equal(removed !== undefined, isRight);
    }),
  );
});

test('S7 match rule: one unit, from systemd alone', () => {
  assert.equal(
    formatMatchRule('a\\x2b.scope'),
    "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1'," +
      "interface='org.freedesktop.systemd1.Manager',member='JobRemoved',arg2='a\\x2b.scope'",
  );
});
