import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filterNotification } from '../../../src/notify/filter.ts';

const filter = (text: string, isCut = false) =>
  Buffer.from(filterNotification(Buffer.from(text, 'latin1'), isCut)).toString('latin1');

const passing = [
  'READY=1',
  'RELOADING=1',
  'STOPPING=1',
  'WATCHDOG=1',
  'WATCHDOG=trigger',
  'STATUS=all is well = \xff\x1b',
  'STATUS=',
  'ERRNO=2',
  'BUSERROR=org.example',
  'MONOTONIC_USEC=123',
];

const dropped = [
  '',
  'READY=0',
  'READY=11',
  'READY=1 ',
  ' READY=1',
  'READY=',
  'ready=1',
  'WATCHDOG=0',
  'WATCHDOG_USEC=20000000',
  'MAINPID=1',
  'MAINPIDFDID=1',
  'FDSTORE=1',
  'FDNAME=x',
  'FDSTOREREMOVE=1',
  'NOTIFYACCESS=all',
  'BARRIER=1',
  'EXTEND_TIMEOUT_USEC=1',
  'STATUS',
  'XSTATUS=x',
  'RESTART_RESET=1',
];

test('N2 filter: lines about the container’s own state pass as they are', () => {
  for (const line of passing) assert.equal(filter(line), line);
});

test('N2 filter: all other lines are dropped', () => {
  for (const line of dropped) assert.equal(filter(line), '', line);
});

test('N3 filter: lines that pass are joined by newlines, without one at the end', () => {
  assert.equal(filter('MAINPID=1\nREADY=1\nFDSTORE=1\nSTATUS=up\n'), 'READY=1\nSTATUS=up');
  assert.equal(filter('READY=1'), 'READY=1');
  assert.equal(filter('\n\nREADY=1\n\n'), 'READY=1');
  assert.equal(filter('READY=1\rMAINPID=1\r\nSTATUS=up'), 'READY=1\nSTATUS=up');
});

test('N3 filter: nothing after a NUL counts', () => {
  assert.equal(filter('STATUS=a\0READY=1\nREADY=1'), 'STATUS=a');
  assert.equal(filter('\0READY=1'), '');
  assert.equal(filter('\0\nREADY=1'), '');
  assert.equal(filter('READY=1\0'), 'READY=1');
});

test('N4 filter: nothing is left of a message without a line that may pass', () => {
  assert.equal(filter(''), '');
  assert.equal(filter('MAINPID=1\nFDSTORE=1'), '');
});

test('N5 filter: the last line of a message that was cut does not pass, whole as it may look', () => {
  assert.equal(filter('READY=1\nSTATUS=cut of', true), 'READY=1');
  assert.equal(filter('STOPPING=1', true), '');
  assert.equal(filter('READY=1\n', true), 'READY=1');
  assert.equal(filter('READY=1\0\n', true), 'READY=1');
});

const line = fc.oneof(
  fc.constantFrom(...passing, ...dropped),
  fc.string({ unit: 'binary-ascii' }),
  fc.constantFrom(...passing).chain(start => fc.string({ unit: 'binary-ascii' }).map(rest => start + rest)),
);
const message = fc
  .array(line)
  .chain(lines => fc.constantFrom('\n', '\r', '\r\n').map(separator => lines.join(separator)));

test('N2 filter: whatever comes, only lines of the two lists are left, in their order', () => {
  const allowed =
    /^(READY=1|RELOADING=1|STOPPING=1|WATCHDOG=1|WATCHDOG=trigger|(STATUS|ERRNO|BUSERROR|MONOTONIC_USEC)=[^\n\r\0]*)$/;
  fc.assert(
    fc.property(message, text => {
      const wanted = text
        .split('\0')[0]!
        .split(/[\n\r]/)
        .filter(candidate => allowed.test(candidate));
      assert.equal(filter(text), wanted.join('\n'));
    }),
  );
});

test('N2 filter: what passed passes again unchanged, and is never longer than what came', () => {
  fc.assert(
    fc.property(message, text => {
      const once = filter(text);
      assert.equal(filter(once), once);
      assert.ok(once.length <= text.length);
    }),
  );
});

test('N5 filter: any cut of a message passes a beginning of what the whole passes', () => {
  fc.assert(
    fc.property(message, fc.nat(), (text, at) => {
      const cut = filter(text.slice(0, at % (text.length + 1)), true);
      assert.ok(filter(text).startsWith(cut));
    }),
  );
});
