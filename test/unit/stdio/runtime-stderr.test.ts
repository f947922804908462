import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RuntimeStderr, runtimeWordsBytesMax } from '../../../src/stdio/runtime-stderr.ts';

const headRoomBytes = 16;

function open() {
  const released: Buffer[] = [];
  /** What came, in order: texts, pauses and the end. */
  const told: string[] = [];
  const stderr = new RuntimeStderr(headRoomBytes, {
    write: (_stream, buf, start, end) => {
      assert.ok(start >= headRoomBytes, `room for ${headRoomBytes} bytes before ${start}`);
      assert.ok(end > start, 'nothing empty is released');
      const bytes = Buffer.from(buf.subarray(start, end));
      released.push(bytes);
      told.push(bytes.toString());
      buf.fill(0, start - headRoomBytes, start); // who takes it may write there
    },
    pause: () => void told.push('(pause)'),
    end: () => void told.push('(end)'),
    hasRoom: () => true,
  });
  const isHolding = () => released.length === 0 && stderr.words.length > 0;
  const take = (bytes: Uint8Array, at = headRoomBytes) => {
    const buf = new Uint8Array(at + bytes.length + 3).fill(0xee);
    buf.set(bytes, at);
    stderr.write('stderr', buf, at, at + bytes.length);
    buf.fill(0xdd); // the buffer is used again
  };
  return { stderr, take, released, told, isHolding, output: () => Buffer.concat(released) };
}

describe('runtime stderr', () => {
  it('what is said is held, and nothing is passed on', () => {
    const { stderr, take, told } = open();
    take(Buffer.from('first '));
    stderr.pause('stderr');
    take(Buffer.from('then'));
    assert.equal(Buffer.from(stderr.words).toString(), 'first then');
    assert.deepEqual(told, []);
  });

  it('when it was output it is passed on in one piece, and what follows as it comes', () => {
    const { stderr, take, released } = open();
    take(Buffer.from('a'));
    take(Buffer.from('b'));
    stderr.release();
    take(Buffer.from('c'));
    assert.deepEqual(released.map(String), ['ab', 'c']);
  });

  it('to release twice, and to release silence, passes nothing on', () => {
    const { stderr, take, released } = open();
    stderr.release();
    assert.deepEqual(released, []);
    const second = open();
    second.take(Buffer.from('a'));
    second.stderr.release();
    second.stderr.release();
    assert.deepEqual(second.released.map(String), ['a']);
    take(Buffer.from('b'));
    assert.deepEqual(released.map(String), ['b']);
  });

  it('R10: a pause or an end that came while it was held comes behind what was held', () => {
    const prompt = open();
    prompt.take(Buffer.from('Password: '));
    prompt.stderr.pause('stderr');
    prompt.stderr.release();
    assert.deepEqual(prompt.told, ['Password: ', '(pause)']);

    const last = open();
    last.take(Buffer.from('oops'));
    last.stderr.pause('stderr');
    last.stderr.end('stderr');
    last.stderr.release();
    assert.deepEqual(last.told, ['oops', '(end)']);

    const line = open();
    line.take(Buffer.from('one '));
    line.stderr.pause('stderr');
    line.take(Buffer.from('line'));
    line.stderr.release();
    line.stderr.pause('stderr');
    assert.deepEqual(line.told, ['one line', '(pause)'], 'what came after a pause ends it');
  });

  it('R10: 8191 bytes may be the words of an error, one more cannot be', () => {
    const { stderr, take, output } = open();
    take(Buffer.alloc(runtimeWordsBytesMax, 'x'));
    assert.equal(output().length, 0);
    take(Buffer.from('y'));
    assert.equal(output().length, runtimeWordsBytesMax + 1);
    assert.equal(stderr.words.length, runtimeWordsBytesMax);
  });

  it('R10: the words of a flood are its first 8191 bytes, whether it came at once or in parts', () => {
    const flood = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i % 251));
    for (const parts of [[flood], [flood.subarray(0, 5000), flood.subarray(5000)]]) {
      const { stderr, take, output } = open();
      for (const part of parts) take(part);
      assert.deepEqual(Buffer.from(stderr.words), flood.subarray(0, 8191));
      assert.deepEqual(output(), flood);
    }
  });

  it('nothing is lost or changes its place, wherever it is released', () => {
    const chunk = fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 64 }) },
      fc.integer({ min: 1, max: 9000 }).map(length => Uint8Array.from({ length }, (_, i) => i % 253)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), fc.nat(8), (chunks, releasedAfter) => {
        const { stderr, take, output, isHolding } = open();
        chunks.forEach((bytes, i) => {
          if (i === releasedAfter) stderr.release();
          take(bytes, headRoomBytes + (i % 5));
        });
        const all = Buffer.concat(chunks);
        const words = Buffer.from(stderr.words);
        if (isHolding()) {
          assert.deepEqual(words, all);
          assert.equal(output().length, 0);
        }
        stderr.release();
        assert.deepEqual(output(), all);
      }),
    );
  });
});
