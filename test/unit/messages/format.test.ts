import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeLine,
  escapeControls,
  stderrLine,
  syslogLine,
  usageLine,
} from '../../../src/messages/format.ts';

const time = { month: 11, day: 3, hour: 9, minute: 5, second: 7 };

test('M1 stderr: each level has its letter, and trace has that of debug', () => {
  assert.equal(stderrLine('error', 'no'), '[conmon:e]: no');
  assert.equal(stderrLine('warn', 'no'), '[conmon:w]: no');
  assert.equal(stderrLine('info', 'no'), '[conmon:i]: no');
  assert.equal(stderrLine('debug', 'no'), '[conmon:d]: no');
  assert.equal(stderrLine('trace', 'no'), '[conmon:d]: no');
});

test('M2 stderr: a command line that is not understood is said without a level', () => {
  assert.equal(
    usageLine('Container ID not provided. Use --cid'),
    'conmon: Container ID not provided. Use --cid',
  );
});

test('M4 syslog: the datagram is what syslog(3) makes of C conmon’s words', () => {
  // C conmon 2.2.1, --cid 0123456789abcdef0123456789abcdef, as it arrived at /dev/log
  const measured =
    '<11>Nov 20 19:52:14 conmon: conmon 0123456789abcdef0123 <error>: No such log driver bogus';
  const at = { month: 11, day: 20, hour: 19, minute: 52, second: 14 };
  assert.equal(
    syslogLine('error', '0123456789abcdef0123456789abcdef', at, 'No such log driver bogus'),
    measured,
  );
});

test('M4 syslog: only errors have priority err, and each level its word', () => {
  const said = (['error', 'warn', 'info', 'debug', 'trace'] as const).map(level =>
    syslogLine(level, 'id', time, 'x').replace(/Nov.*id/, ''),
  );
  assert.deepEqual(said, [
    '<11> <error>: x',
    '<14> <nwarn>: x',
    '<14> <ninfo>: x',
    '<14> <ndebug>: x',
    '<14> <ntrace>: x',
  ]);
});

test('M4 syslog: a day of one digit has a space before it', () => {
  assert.match(syslogLine('warn', 'id', time, 'x'), /^<14>Nov {2}3 09:05:07 conmon: conmon id </);
});

test('M5 escape: control characters are shown, everything else stays', () => {
  assert.equal(escapeControls('a\nb\tc\rd\x00\x1b[31m\x7f\u009b'), 'a\\nb\\tc\\rd\\x00\\x1b[31m\\x7f\\x9b');
  assert.equal(escapeControls('a\\b “ü” /p'), 'a\\b “ü” /p');
});

test('M5 escape: no text makes a second line or reaches the terminal, on stderr and in syslog', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (who, text) => {
      for (const line of [stderrLine('warn', text), usageLine(text), syslogLine('warn', who, time, text)])
        assert.doesNotMatch(line, /\p{Cc}/u);
    }),
  );
});

test('M6 encode: a line that fits is whole, with one newline at its end', () => {
  const buf = new Uint8Array(16);
  assert.equal(
    Buffer.from(buf.subarray(0, encodeLine('fünfzehn bytes', buf))).toString(),
    'fünfzehn bytes\n',
  );
});

test('M6 encode: a line that does not fit is cut at a character and says so', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 8, max: 40 }),
      (line, room) => {
        const buf = new Uint8Array(room + 1).fill(0x21);
        const length = encodeLine(line, buf.subarray(0, room));
        assert.equal(buf[room], 0x21);
        const text = Buffer.from(buf.subarray(0, length)).toString();
        if (Buffer.byteLength(line) < room) assert.equal(text, `${line}\n`);
        else {
          assert.ok(text.endsWith('...\n'));
          assert.ok(line.startsWith(text.slice(0, -4)));
          assert.ok(length > room - 4, 'no more is cut than one character');
        }
      },
    ),
  );
});

test('M5 escape: any text is escaped as a regular expression does it', () => {
  const show = (control: string) =>
    ({ '\n': '\\n', '\t': '\\t', '\r': '\\r' })[control] ??
    `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xff }).map(code => String.fromCharCode(code)),
    fc.constantFrom('🚢', '\ud800', '日'),
  );
  fc.assert(
    fc.property(fc.string({ unit }), text => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
      assert.equal(escapeControls(text), text.replace(/[\u0000-\u001f\u007f-\u009f]/g, show));
    }),
  );
});

test('M6 encode: any line is cut where an encoder runs out of room', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.integer({ min: 8, max: 40 }),
      (line, room) => {
        const expected = new Uint8Array(room);
        let { read, written } = encoder.encodeInto(line, expected.subarray(0, room - 1));
        if (read < line.length) {
          ({ written } = encoder.encodeInto(line, expected.subarray(0, room - 4)));
          expected.set(encoder.encode('...'), written);
          written += 3;
        }
        expected[written++] = 0x0a;
        const buf = new Uint8Array(room);
        assert.equal(encodeLine(line, buf), written);
        assert.deepEqual(buf.subarray(0, written), expected.subarray(0, written));
      },
    ),
    { numRuns: 1000 },
  );
});
