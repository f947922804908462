import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecordPrefix } from '../../../src/logs/record-prefix.ts';
import { createScriptedSys } from '../../../src/sys/scripted.ts';

const text = (prefix: RecordPrefix) => Buffer.from(prefix.bytes).toString('latin1');

test('L6 prefix: local time with nine digits and a numeric offset, never Z', () => {
  const sys = createScriptedSys();
  const prefix = new RecordPrefix(sys);
  sys.realtime[1] = 1;
  prefix.stamp('stdout');
  assert.equal(text(prefix), '2023-11-14T22:13:20.000000001+00:00 stdout F ');
});

test('L6 prefix: offsets east, west and of half an hour', () => {
  for (const [offset, end] of [
    [3600, '23:13:20.000000000+01:00'],
    [-12600, '18:43:20.000000000-03:30'],
    [20700, '03:58:20.000000000+05:45'],
  ] as const) {
    const sys = createScriptedSys();
    sys.utcOffsetSeconds = offset;
    const prefix = new RecordPrefix(sys);
    prefix.stamp('stderr');
    assert.equal(text(prefix).slice(11), `${end} stderr F `);
  }
});

test('L11 prefix: a change of the offset shows in the first stamp of the minute it comes in', () => {
  const sys = createScriptedSys();
  const prefix = new RecordPrefix(sys);
  sys.realtime[0] = 1_700_000_040 - 1;
  prefix.stamp('stdout');
  assert.equal(text(prefix).slice(11, 35), '22:13:59.000000000+00:00');
  sys.utcOffsetSeconds = 3600;
  sys.realtime[0]++;
  prefix.stamp('stdout');
  assert.equal(text(prefix).slice(11, 35), '23:14:00.000000000+01:00');
});

test('L11 prefix: the zone is asked once a minute', () => {
  const sys = createScriptedSys();
  const prefix = new RecordPrefix(sys);
  sys.realtime[0] = 1_700_000_040;
  for (let second = 0; second < 60; second++) {
    prefix.stamp('stdout');
    sys.realtime[0]++;
  }
  assert.equal(sys.called('localtime').length, 1);
  prefix.stamp('stdout');
  assert.equal(sys.called('localtime').length, 2);
});

test('L11 prefix: a clock stepped back is followed', () => {
  const sys = createScriptedSys();
  const prefix = new RecordPrefix(sys);
  prefix.stamp('stdout');
  sys.realtime[0] -= 86_400;
  prefix.stamp('stdout');
  assert.equal(text(prefix).slice(0, 19), '2023-11-13T22:13:20');
});

test('L6 prefix: is the local time of the clock, for any time and offset', () => {
  const sys = createScriptedSys();
  const prefix = new RecordPrefix(sys);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.integer({ min: -43_200, max: 50_400 }),
      (seconds, nanoseconds, offset) => {
        sys.utcOffsetSeconds = offset;
        sys.realtime[0] = seconds - 60; // so that the minute is another one, as no offset changes within one
        prefix.stamp('stdout');
        sys.realtime.splice(0, 2, seconds, nanoseconds);
        prefix.stamp('stdout');
        const shown = text(prefix);
        const sign = shown[29] === '-' ? -1 : 1;
        const shownOffset = sign * (Number(shown.slice(30, 32)) * 3600 + Number(shown.slice(33, 35)) * 60);
        assert.equal(shownOffset, Math.trunc(offset / 60) * 60);
        assert.equal(Date.parse(`${shown.slice(0, 19)}Z`) / 1000, seconds + offset);
        assert.equal(Number(shown.slice(20, 29)), nanoseconds);
      },
    ),
  );
});
