import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fillLines, stateOf } from '../../../src/logs/fill-lines.ts';

const prefix = '2026-01-02T03:04:05.123456789+01:00 stdout F ';
const recordBytesMax = 45 + 8192 + 1;

/** What all lines of a text become, in the plainest way to say it. */
function recordsOf(lines: string): string[] {
  return lines
    .split('\n')
    .slice(0, -1)
    .flatMap(line => {
      const pieces = line.match(/.{1,8192}/gs) ?? [''];
      return pieces.map(
        (piece, i) => `${i < pieces.length - 1 ? prefix.replace('F', 'P') : prefix}${piece}\n`,
      );
    });
}

describe('filling in lines', () => {
  it('L26: makes a record of each line, and cuts one that is longer than 8192 bytes', () => {
    for (const length of [0, 1, 8191, 8192, 8193, 16_384, 16_385, 30_000]) {
      const lines = `${'x'.repeat(length)}\n`;
      const { records, state, isOver } = fill(lines, { limit: 100_000 });
      assert.equal(records, recordsOf(lines).join(''), `${length}`);
      assert.equal(state[stateOf.from], lines.length);
      assert.equal(isOver, false);
    }
  });

  it('stops behind the record that goes over the limit, even if it is the last', () => {
    for (const [limit, count] of [
      [0, 1],
      [45, 1],
      [46, 2],
      [91, 2],
      [92, 3],
      [137, 3],
      [138, 3],
    ] as const) {
      const { records, state, isOver } = fill('\n\n\n', { limit });
      assert.equal(records.length, 46 * count, `${limit}`);
      assert.equal(isOver, 46 * count > limit, `${limit}`);
      assert.equal(state[stateOf.from], count);
      assert.equal(state[stateOf.record], 46 * (count - 1));
    }
  });

  it('with a limit that is passed already it makes one record', () => {
    const { records, isOver } = fill('a\nb\n', { limit: 0, to: 500 });
    assert.deepEqual([records, isOver], [`${prefix}a\n`, true]);
  });

  it('no lines are nothing at all', () => {
    const { records, state, isOver } = fill('unfinished', { limit: 0, to: 9 });
    assert.deepEqual([records, [...state], isOver], ['', [0, 9, 0, 0, -1], false]);
  });

  it('any lines in any number of calls are the same records', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.nat(20_000).map(length => 'y'.repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.nat(20_000), (all, limit) => {
        const lines = all.map(text => `${text}\n`).join('');
        const expected = recordsOf(lines);
        let [from, records] = [0, ''];
        for (let isOver = true; isOver; ) {
          const done = fill(lines, { from, limit });
          ({ isOver } = done);
          from = done.state[stateOf.from]!;
          records += done.records;
        }
        assert.equal(records, expected.join(''));
        assert.equal(from, lines.length);
      }),
    );
  });
});

/** One call; `records` are those that it made. */
function fill(text: string, { from = 0, to = 0, limit }: { from?: number; to?: number; limit: number }) {
  const input = Buffer.from(text, 'latin1');
  const output = Buffer.alloc(Math.max(limit, to) + recordBytesMax, 0xee);
  const state = Int32Array.of(from, to, input.lastIndexOf('\n') + 1, limit, -1);
  const isOver = fillLines(input, output, Buffer.from(prefix), state);
  return { records: output.toString('latin1', to, state[stateOf.to]), state, isOver };
}
