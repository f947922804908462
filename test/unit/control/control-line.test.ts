import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ControlCommand,
  ControlLines,
  parseControlLine,
  parseWindowSizeLine,
} from '../../../src/control/control-line.ts';

const badFormat = { command: 'none', reason: 'Invalid control message format' };

/** A character for each byte. */
const parse = (line: string) => parseControlLine(Buffer.from(line, 'latin1'));
const parseWindowSize = (line: string) => parseWindowSizeLine(Buffer.from(line, 'latin1'));

function resize(rows: number, columns: number) {
  return { command: 'resize', rows, columns };
}

function feed(text: string | Uint8Array, lines = new ControlLines(parseControlLine)): ControlCommand[] {
  const bytes = Buffer.from(text as string);
  return lines.feed(bytes, 0, bytes.length);
}

test('control line C4: 1 H W sets the size, 2 reopens the logs', () => {
  assert.deepEqual(parse('1 2 2'), resize(2, 2));
  assert.deepEqual(parse('1 24 80'), resize(24, 80));
  assert.deepEqual(parse('2 0 0'), { command: 'reopen-logs' });
  assert.deepEqual(parse('2 1 1'), { command: 'reopen-logs' });
});

test('control line C5: leading zeros are decimal, further fields are ignored, blanks and signs are as sscanf has them', () => {
  assert.deepEqual(parse('1 0010 0020'), resize(10, 20));
  assert.deepEqual(parse('1 2 2 3'), resize(2, 2));
  assert.deepEqual(parse('1 2 3 junk'), resize(2, 3));
  assert.deepEqual(parse(' \t1  2\t3\r'), resize(2, 3));
  assert.deepEqual(parse('+1 +2 -0'), resize(2, 0));
});

test('control line C6: 0 and 1000 are sizes, -1, 1001 and more are not, for either type', () => {
  assert.deepEqual(parse('1 0 0'), resize(0, 0));
  assert.deepEqual(parse('1 1000 1000'), resize(1000, 1000));
  for (const line of [
    '1 -1 -1',
    '1 1001 1000',
    '1 1000 1001',
    '1 100000 100000',
    '2 1001 1',
    '2 1 -1',
    '1 4294967297 1',
    `1 ${'9'.repeat(150)} 1`,
  ]) {
    const command = parse(line);
    assert.equal(command.command, 'none', line);
    assert.match((command as { reason: string }).reason, /^Invalid window size: .*between 0 and 1000\)$/);
  }
});

test('control line C7: a fraction, hexadecimal, or letters glued to a number are refused', () => {
  for (const line of [
    '1 10.5 20.3',
    '1 0x10 0x20',
    '1 2 0x20',
    '1 2 2x',
    '1 2 2.5',
    '1,2,3',
    '1e0 2 2',
    '1 2 2\0',
  ]) {
    assert.deepEqual(parse(line), badFormat, line);
  }
});

test('control line C8: too few numbers or another type are ignored', () => {
  for (const line of ['1 2', '1', 'foo', '999', '', ' ', '1 2 x', 'foo 1 2 3', '\u00a01 2 3']) {
    assert.deepEqual(parse(line), badFormat, line);
  }
  for (const type of [0, 3, 999, -1]) {
    const reason = `Invalid control message type: ${type}`;
    assert.deepEqual(parse(`${type} 2 2`), { command: 'none', reason });
  }
});

test('control line C5: any line has the numbers that a regular expression finds in it', () => {
  const expected = (line: string, count: number): number[] | undefined => {
    const fields = line.split(/[ \t\v\f\r]+/);
    const numbers = fields.slice(fields[0] === '' ? 1 : 0).slice(0, count);
    if (numbers.length < count || !numbers.every(field => /^[+-]?[0-9]+$/.test(field))) return undefined;
    return numbers.map(field => Number(field) + 0);
  };
  const unit = fc.constantFrom(...'0123 \t\v\f\r+-.x', '1000', '1001', ' 1 ', '\xa0', '\0');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 16 }), line => {
      const sizes = expected(line, 2);
      fc.pre(sizes === undefined || sizes.every(Number.isSafeInteger)); // larger ones are in the next test
      const isSize = sizes?.every(size => size >= 0 && size <= 1000);
      assert.deepEqual(
        parseWindowSize(line),
        isSize
          ? resize(sizes![0]!, sizes![1]!)
          : {
              command: 'none',
              reason: sizes
                ? `Invalid window size: ${sizes.join('x')} (must be between 0 and 1000)`
                : 'Failed to parse window size',
            },
      );
    }),
    { numRuns: 3000 },
  );
});

test('control line C6: a number that cannot be told from its neighbours is no size, and no type', () => {
  const reasonOf = (line: string) => (parse(line) as { reason: string }).reason;
  assert.match(reasonOf('1 9007199254740991 1'), /size: 9007199254740991x1 /);
  assert.match(reasonOf('1 9007199254740992 -9007199254740993'), /size: Infinityx-Infinity /);
  assert.equal(reasonOf(`${'9'.repeat(100)} 2 2`), 'Invalid control message type: Infinity');
  assert.deepEqual(parse(`1 ${'0'.repeat(100)}5 6`), resize(5, 6));
});

test('control line C4: winsz takes rows and columns, by the same rules', () => {
  assert.deepEqual(parseWindowSize('24 80'), resize(24, 80));
  assert.deepEqual(parseWindowSize('024 80 1'), resize(24, 80));
  assert.deepEqual(parseWindowSize('24'), { command: 'none', reason: 'Failed to parse window size' });
  assert.equal(parseWindowSize('24 1001').command, 'none');
});

test('control lines C9: a line of 199 bytes with its newline is taken, one of 200 is dropped', () => {
  const line = (bytes: number) => `${'1 2 3'.padEnd(bytes - 1)}\n`;
  assert.deepEqual(feed(line(199)), [resize(2, 3)]);
  assert.equal(feed(line(200))[0]!.command, 'none');
});

test('control lines C9: 1 2 2 followed by 65,535 junk characters is dropped as a whole, the next line is taken', () => {
  for (const junk of ['x'.repeat(65_535), ' '.repeat(65_535), ' 1 2 2'.repeat(10_922)]) {
    const commands = feed(`1 2 2${junk}\n1 3 3\n`);
    assert.deepEqual(
      commands.map(({ command }) => command),
      ['none', 'resize'],
    );
    assert.deepEqual(commands[1], resize(3, 3));
  }
});

test('control lines C10: two readers do not share what they have read of a line', () => {
  const [ctl, winsz] = [new ControlLines(parseControlLine), new ControlLines(parseWindowSizeLine)];
  assert.deepEqual(feed('1 2', ctl), []);
  assert.deepEqual(feed('5 6\n', winsz), [resize(5, 6)]);
  assert.deepEqual(feed('0 3\n', ctl), [resize(20, 3)]);
});

test('control lines C11: a bad line does not touch those around it', () => {
  assert.deepEqual(feed('1 2 2\nfoo\n1 3 3\n'), [resize(2, 2), badFormat, resize(3, 3)]);
});

test('control lines: bytes outside of the given part of the buffer are not read', () => {
  const bytes = Buffer.from('9\n1 2 3\n7\n');
  const lines = new ControlLines(parseControlLine);
  assert.deepEqual(lines.feed(bytes, 2, 6), []);
  assert.deepEqual(lines.feed(bytes, 6, 8), [resize(2, 3)]);
});

const lineLike = fc.oneof(
  fc.constantFrom('1 2 2\n', '2 0 0\n', '1 -1 3\n', 'foo\n', '\n', '1 ', '2', ' 7\n', '\n\n'),
  fc.tuple(fc.nat(3), fc.nat(1100), fc.nat(1100)).map(numbers => `${numbers.join(' ')}\n`),
  fc.integer({ min: 150, max: 450 }).map(length => 'j'.repeat(length)),
);
const stream = fc.oneof(
  fc.array(lineLike, { maxLength: 30 }).map(parts => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 600 }).map(bytes => Buffer.from(bytes)),
);

test('control lines C10: fed whole, byte by byte, or cut anywhere, the commands are the same', () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 300 }), (bytes, size) => {
      const whole = feed(bytes);
      for (const step of [1, size]) {
        const lines = new ControlLines(parseControlLine);
        const commands: ControlCommand[] = [];
        for (let at = 0; at < bytes.length; at += step) {
          commands.push(...lines.feed(bytes, at, Math.min(bytes.length, at + step)));
        }
        assert.deepEqual(commands, whole);
      }
      assert.equal(whole.length, bytes.filter(byte => byte === 0x0a).length);
    }),
  );
});

test('control lines C6: whatever is fed, a size is of whole numbers from 0 to 1000', () => {
  fc.assert(
    fc.property(stream, bytes => {
      for (const command of feed(bytes)) {
        if (command.command !== 'resize') continue;
        for (const size of [command.rows, command.columns]) {
          assert.ok(Number.isInteger(size) && size >= 0 && size <= 1000);
        }
      }
    }),
  );
});

test('control lines C9: trailing bytes without a newline are no command, however many', () => {
  assert.deepEqual(feed('1 2 2'), []);
  assert.deepEqual(feed('x'.repeat(100_000)), []);
});
