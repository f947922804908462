import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headRoomBytes } from '../../../src/logs/driver.ts';
import { JournalLines } from '../../../src/logs/journald-lines.ts';

interface Piece {
  readonly text: string;
  readonly partial: boolean;
  readonly first: boolean;
}

/** Feeds the chunks, each in a buffer full of other bytes, and then the end. */
function split(...chunks: string[]): Piece[] {
  const pieces: Piece[] = [];
  const lines = new JournalLines((buf, start, end, partial, first) => {
    pieces.push({ text: Buffer.from(buf.subarray(start, end)).toString('latin1'), partial, first });
    return true;
  });
  for (const chunk of chunks) {
    const buf = Buffer.alloc(headRoomBytes + chunk.length + 10, '\n');
    buf.write(chunk, headRoomBytes, 'latin1');
    lines.write(buf, headRoomBytes, headRoomBytes + chunk.length);
  }
  lines.end();
  return pieces;
}

const whole = (text: string): Piece => ({ text, partial: false, first: true });

test('J14 lines: what was not taken is not given away by the end, nor is an end given twice', () => {
  const taken: string[] = [];
  let takes = true;
  const lines = new JournalLines((buf, start, end) => {
    if (takes) taken.push(Buffer.from(buf.subarray(start, end)).toString());
    return takes;
  });
  const write = (text: string) => {
    const buf = Buffer.alloc(headRoomBytes + text.length);
    buf.write(text, headRoomBytes);
    lines.write(buf, headRoomBytes, buf.length);
  };
  write('a');
  takes = false;
  write('b\nc');
  takes = true;
  lines.end();
  assert.deepEqual(taken, []);
  lines.resume();
  lines.end();
  lines.end();
  assert.deepEqual(taken, ['ab\n', 'c']);
});

test('J14 lines: what waits may begin with an empty line, and be longer than a piece', () => {
  const taken: string[] = [];
  let takes = false;
  const lines = new JournalLines((buf, start, end) => {
    if (takes) taken.push(Buffer.from(buf.subarray(start, end)).toString());
    return takes;
  });
  const expected = ['\n', ...new Array<string>(5000).fill('x\n')];
  const buf = Buffer.from(' '.repeat(headRoomBytes) + expected.join(''));
  lines.write(buf, headRoomBytes, buf.length);
  takes = true;
  lines.resume();
  assert.deepEqual(taken, expected);
});

test('J4 lines: each line is a piece of its own, newline included', () => {
  assert.deepEqual(split('a\n\nbc\n'), [whole('a\n'), whole('\n'), whole('bc\n')]);
});

test('J4 lines: a line that comes in many reads is one piece', () => {
  assert.deepEqual(split('he', '', 'l', 'lo\nwor', 'ld\n'), [whole('hello\n'), whole('world\n')]);
});

test('J4 lines: 8192 bytes and a newline are one piece, also if the newline comes later', () => {
  const text = 'x'.repeat(8192);
  assert.deepEqual(split(`${text}\n`), [whole(`${text}\n`)]);
  assert.deepEqual(split(text, '\n'), [whole(`${text}\n`)]);
  assert.deepEqual(split('x', `${text.slice(1)}\n`), [whole(`${text}\n`)]);
});

test('J5 lines: a line of 8193 bytes is cut into a partial piece of 8192 and the rest', () => {
  const text = 'x'.repeat(8192);
  const pieces = [
    { text, partial: true, first: true },
    { text: 'y\n', partial: false, first: false },
  ];
  assert.deepEqual(split(`${text}y\n`), pieces);
  assert.deepEqual(split(text, 'y', '\n'), pieces);
});

test('J5 lines: a line of 20,000 bytes in one read is cut each 8192', () => {
  assert.deepEqual(
    split(`${'c'.repeat(20_000)}\nnext\n`).map(({ text, partial, first }) => [text.length, partial, first]),
    [
      [8192, true, true],
      [8192, true, false],
      [3617, false, false],
      [5, false, true],
    ],
  );
});

test('J5 lines: no character of a text is split, however it is read', () => {
  const text = `${'€'.repeat(10_000)}\n${'x€'.repeat(9000)}`;
  const bytes = Buffer.from(text).toString('latin1'); // a character for each byte, as the chunks have them
  const pieces = split(bytes);
  for (const chunkBytes of [1000, 8192, 8193])
    assert.deepEqual(split(...(bytes.match(new RegExp(`.{1,${chunkBytes}}`, 'gs')) ?? [])), pieces);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  assert.equal(pieces.map(piece => decoder.decode(Buffer.from(piece.text, 'latin1'))).join(''), text);
  assert.equal(pieces[0]!.text.length, 8190);
});

test('J6 lines: what has no newline at the end is partial', () => {
  assert.deepEqual(split('a\nunfin', 'ished'), [
    whole('a\n'),
    { text: 'unfinished', partial: true, first: true },
  ]);
  assert.deepEqual(split(), []);
});

test('J6 lines: after an end, a new line begins', () => {
  const firsts: boolean[] = [];
  const lines = new JournalLines((_buf, _start, _end, _partial, first) => firsts.push(first) > 0);
  for (let i = 0; i < 2; i++) {
    lines.write(Buffer.from(`${' '.repeat(headRoomBytes)}x`), headRoomBytes, headRoomBytes + 1);
    lines.end();
  }
  assert.deepEqual(firsts, [true, true]);
});

/** What must come out, straight from the text: no chunks, no carrying over. */
function expected(text: string): Piece[] {
  return text.split(/(?<=\n)/).flatMap(line => {
    const body = line.replace(/\n$/, '');
    const cuts = Math.max(1, Math.ceil(body.length / 8192));
    return Array.from({ length: cuts }, (_, i) => {
      const isLast = i === cuts - 1;
      const piece = isLast ? line.slice(i * 8192) : line.slice(i * 8192, (i + 1) * 8192);
      return { text: piece, partial: !(isLast && line.endsWith('\n')), first: i === 0 };
    }).filter(piece => piece.text !== '');
  });
}

test('J4 lines: however the bytes are read, the pieces are the same, and no byte is lost', () => {
  const lineLength = fc.oneof(
    fc.nat({ max: 20 }),
    fc.integer({ min: 8189, max: 8195 }),
    fc.integer({ min: 16380, max: 16390 }),
    fc.nat({ max: 30_000 }),
  );
  fc.assert(
    fc.property(
      fc.array(lineLength, { maxLength: 5 }),
      lineLength,
      fc.array(fc.nat({ max: 40_000 }), { maxLength: 8 }),
      (lengths, tail, cuts) => {
        const text = `${lengths.map((n, i) => `${String.fromCharCode(97 + i).repeat(n)}\n`).join('')}${'\xff'.repeat(tail)}`;
        const at = [0, ...cuts.filter(cut => cut <= text.length).sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
        const pieces = split(...chunks);
        assert.deepEqual(pieces, expected(text));
        assert.equal(pieces.map(piece => piece.text).join(''), text);
      },
    ),
    { numRuns: 200 },
  );
});

test('J4 lines: fed byte by byte, the pieces are the same', () => {
  const text = `ab\n${'x'.repeat(8193)}\n\n<4>c`;
  assert.deepEqual(split(...text), split(text));
});

test('J14 lines: a piece that is refused comes again, and then all after it, whatever was refused how often', () => {
  const chunk = fc.tuple(fc.nat({ max: 10_000 }), fc.constantFrom('', '\n', '\n\n', 'z\ny'));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.infiniteStream(fc.boolean()), (parts, refusals) => {
      const pieces: Piece[] = [];
      const lines = new JournalLines((buf, start, end, partial, first) => {
        if (refusals.next().value) return false;
        pieces.push({ text: Buffer.from(buf.subarray(start, end)).toString('latin1'), partial, first });
        return true;
      });
      const chunks = parts.map(([length, text]) => 'x'.repeat(length) + text);
      for (const text of chunks) {
        const buf = Buffer.concat([Buffer.alloc(headRoomBytes), Buffer.from(text)]);
        lines.write(buf, headRoomBytes, buf.length);
        buf.fill('!');
        while (lines.isWaiting) lines.resume();
      }
      const all = expected(chunks.join(''));
      assert.deepEqual(pieces, all.slice(0, pieces.length));
      assert.ok(all.length - pieces.length <= 1, 'only an unfinished line is held');
    }),
  );
});
