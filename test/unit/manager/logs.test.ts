// Reading and following a k8s-file log, against a writer that does to the file what monitors and people do.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import {
  ArgumentError,
  type LogEntry,
  type LogOptions,
  readLog,
  type UnreadableLine,
} from '../../../src/manager/index.ts';
import { parseRecord } from '../../../src/manager/logs/record.ts';
import { listOpenFiles } from '../../fixtures/open-files.ts';

const time = (second: number) => `2026-01-02T03:04:${String(second % 60).padStart(2, '0')}.123456789+01:00`;
const line = (text: string, tag = 'F', stream = 'stdout', second = 5) =>
  `${time(second)} ${stream} ${tag} ${text}\n`;

function makeLog(t: TestContext, text = ''): string {
  const dir = mkdtempSync(join(tmpdir(), 'manager-log-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'ctr.log');
  writeFileSync(path, text);
  return path;
}

async function read(path: string, options: LogOptions = {}): Promise<string[]> {
  const entries: string[] = [];
  for await (const { stream, data, partial } of readLog(path, options))
    entries.push(`${stream === 'stderr' ? '!' : ''}${data}${partial ? '…' : ''}`);
  return entries;
}

test('record: the fields of a line, and lines that are none', () => {
  const record = parseRecord(Buffer.from(`${time(1)} stderr P a  b `));
  assert.deepEqual(record && { ...record, text: record.text.toString() }, {
    timestamp: time(1),
    stream: 'stderr',
    partial: true,
    text: 'a  b ',
  });
  for (const wrong of [
    '',
    'x',
    `${time(1)} stdout F`,
    `${time(1)} stdin F x`,
    `${time(1)} stdout Q x`,
    'now stdout F x',
  ])
    assert.equal(parseRecord(Buffer.from(wrong)), undefined, wrong);
});

test('logs: P records are joined, each stream for itself, and what has no end is marked', async t => {
  const path = makeLog(
    t,
    line('ab', 'P') +
      line('x', 'P', 'stderr') +
      line('cd', 'P') +
      line('y', 'F', 'stderr') +
      line('', 'F') +
      line('z', 'P'),
  );
  assert.deepEqual(await read(path), ['!xy', 'abcd', 'z…']);
  assert.deepEqual(await read(path, { stream: 'stderr' }), ['!xy']);
});

test('logs: since and until go by the time of a line’s end', async t => {
  const path = makeLog(t, [1, 2, 3, 4].map(second => line(`${second}`, 'F', 'stdout', second)).join(''));
  assert.deepEqual(await read(path, { since: new Date(time(2)) }), ['2', '3', '4']);
  assert.deepEqual(await read(path, { until: new Date(time(3)) }), ['1', '2']);
  assert.deepEqual(await read(path, { since: new Date(time(2)), tail: 1, until: new Date(time(4)) }), ['3']);
});

test('logs: tail answers the last lines of what reading answers, over rotated files too', async t => {
  const record = fc.record({
    text: fc.oneof(
      fc.string({ maxLength: 5, unit: fc.constantFrom('a', 'b') }),
      fc.constant('c'.repeat(40_000)),
    ),
    tag: fc.constantFrom('P', 'F', 'F'),
    stream: fc.constantFrom('stdout', 'stderr'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 12 }),
      fc.nat({ max: 12 }),
      fc.nat({ max: 14 }),
      fc.constantFrom(undefined, 'stdout' as const, 'stderr' as const),
      async (records, cut, tail, stream) => {
        const lines = records.map(({ text, tag, stream }) => line(text, tag, stream));
        // A line without an end is read last, wherever it began; how tail sees that is another test's.
        lines.push(line('', 'F', 'stderr'), line('', 'F'));
        const path = makeLog(t, lines.slice(cut).join(''));
        writeFileSync(`${path}.1`, lines.slice(0, cut).join(''));
        const options = stream === undefined ? {} : { stream };
        const all = await read(path, options);
        assert.deepEqual(await read(path, { ...options, tail }), tail === 0 ? [] : all.slice(-tail));
      },
    ),
    { numRuns: 300 },
  );
});

test('logs: tail answers the last of the entries also where lines are longer than an entry, or have no end', async t => {
  const record = fc.record({
    text: fc.oneof(fc.constantFrom('', 'a', 'b'), fc.constant('c'.repeat(600_000))),
    tag: fc.constantFrom('P', 'P', 'P', 'F'),
    stream: fc.constantFrom('stdout', 'stderr'),
    second: fc.nat({ max: 9 }),
  });
  const bound = fc.option(fc.nat({ max: 9 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 10 }),
      fc.nat({ max: 10 }),
      fc.integer({ min: 1, max: 6 }),
      bound,
      bound,
      async (records, cut, tail, since, until) => {
        // What tail does not read to is not found: a line without an end is answered last, wherever it is.
        for (const stream of ['stdout', 'stderr']) {
          const last = records.findLastIndex(record => record.stream === stream);
          fc.pre(records[last]?.tag !== 'P' || last >= records.length - 2);
        }
        const lines = records.map(({ text, tag, stream, second }) => line(text, tag, stream, second));
        const path = makeLog(t, lines.slice(cut).join(''));
        writeFileSync(`${path}.1`, lines.slice(0, cut).join(''));
        const options = {
          ...(since === undefined ? {} : { since: new Date(time(since)) }),
          ...(until === undefined ? {} : { until: new Date(time(until)) }),
        };
        const summarize = (entries: string[]) => entries.map(entry => `${entry.length} ${entry.slice(-2)}`);
        const all = summarize(await read(path, options));
        assert.deepEqual(summarize(await read(path, { ...options, tail })), all.slice(-tail));
      },
    ),
    { numRuns: 100 },
  );
});

test('logs: what is put together of a line is put together once, read forwards or from the end', async t => {
  const text = 'x'.repeat(1_900_000);
  const path = makeLog(t, `${line(text)}${'y'.repeat(16_000_000)}\n${line('last')}`);
  let copied = 0;
  const concat = Buffer.concat;
  t.mock.method(Buffer, 'concat', (list: readonly Uint8Array[], length?: number) => {
    copied += list.reduce((sum, { length }) => sum + length, 0);
    return concat(list, length);
  });
  assert.deepEqual(await read(path), [text, 'last']);
  assert.deepEqual(await read(path, { tail: 2 }), [text, 'last']);
  // Forwards it is done once, for tail three times; and of the line that is no record, as much as one may have.
  assert.ok(copied < 20_000_000, `${copied} bytes were copied`);
});

test('logs: a line that was written a byte at a time takes no object for each', async t => {
  const bytes = 20_000;
  const path = makeLog(t, line('x', 'P').repeat(bytes) + line('end'));
  const from = t.mock.method(Buffer, 'from');
  const entries = await read(path);
  assert.deepEqual(entries, [`${'x'.repeat(bytes)}end`]);
  assert.ok(from.mock.callCount() < bytes / 10, `${from.mock.callCount()} buffers`);
});

test('logs: a line that is no record is told with its length and its beginning, in its place', async t => {
  const long = 'l'.repeat(3_000_000);
  const path = makeLog(t, `${line('one')}rubbish\n${line('two')}${line(long)}${line('three')}\n`);
  const seen: string[] = [];
  const onUnreadable = ({ beginning, length }: UnreadableLine) =>
    seen.push(`? ${length} ${beginning.length} ${beginning.subarray(0, 7)}`);
  for await (const { data } of readLog(path, { onUnreadable })) seen.push(data.toString());
  assert.deepEqual(seen, [
    'one',
    '? 7 7 rubbish',
    'two',
    `? ${line(long).length - 1} 1024 2026-01`,
    'three',
    '? 0 0 ',
  ]);
  assert.deepEqual(await read(path, { tail: 2 }), ['two', 'three']);
});

test('logs: options that can’t be meant are refused before anything is read', async () => {
  const wrong: LogOptions[] = [
    ...[-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map(tail => ({ tail })),
    { since: new Date(Number.NaN) },
    { until: new Date('never') },
  ];
  for (const options of wrong)
    await assert.rejects(read('/nowhere/there/is/no/log', options), ArgumentError, JSON.stringify(options));
});

test('logs: a last line without an end counts for tail, with all of its parts', async t => {
  const path = makeLog(t, line('one') + line('pro', 'P') + line('err', 'F', 'stderr') + line('mpt', 'P'));
  assert.deepEqual(await read(path, { tail: 1 }), ['prompt…']);
  assert.deepEqual(await read(path, { tail: 2 }), ['!err', 'prompt…']);
});

test('logs: a line that is being written waits for its newline', async t => {
  const path = makeLog(t, line('one') + line('two').slice(0, -1));
  assert.deepEqual(await read(path), ['one']);
  assert.deepEqual(await read(path, { tail: 1 }), ['one']);
});

/** Follows, and does the next thing whenever a line has come. */
async function followThrough(
  path: string,
  steps: readonly (() => void)[],
  ended?: Promise<void>,
): Promise<string[]> {
  const abort = new AbortController();
  const seen: string[] = [];
  const pending = [...steps];
  const entries: AsyncIterable<LogEntry> = readLog(path, { follow: true, signal: abort.signal }, ended);
  for await (const { data } of entries) {
    seen.push(data.toString());
    const step = pending.shift();
    if (step) step();
    else if (!ended) abort.abort();
  }
  return seen;
}

test('logs: following goes through a rename and a new file, with what was still written to the old one', async t => {
  const path = makeLog(t, line('one'));
  const seen = await followThrough(path, [
    () => {
      renameSync(path, `${path}.1`);
      appendFileSync(`${path}.1`, line('two'));
      writeFileSync(path, line('three'));
    },
    () => {},
  ]);
  assert.deepEqual(seen, ['one', 'two', 'three']);
});

test('logs: following goes through a rename to any name, as kubelet’s, and no line is lost or comes twice', async t => {
  const path = makeLog(t, line('one'));
  writeFileSync(`${path}.1`, line('zero'));
  const later = new Date(Date.now() + 3_600_000);
  utimesSync(`${path}.1`, later, later); // touched by somebody since: older nevertheless
  const seen = await followThrough(path, [
    () => {},
    () => {
      renameSync(path, `${path}.20260102-030405`);
      // The monitor writes to what it has open until it is told of the new name.
      setImmediate(() => {
        appendFileSync(`${path}.20260102-030405`, line('two'));
        writeFileSync(path, line('three'));
      });
    },
    () => {},
  ]);
  assert.deepEqual(seen, ['zero', 'one', 'two', 'three']);
});

test('logs: following goes to a new file also where the clock has been set back', async t => {
  const path = makeLog(t, line('one'));
  const seen = await followThrough(path, [
    () => {
      renameSync(path, `${path}.old`);
      writeFileSync(`${path}.new`, line('two'));
      utimesSync(`${path}.new`, 1, 1);
      renameSync(`${path}.new`, path);
    },
  ]);
  assert.deepEqual(seen, ['one', 'two']);
});

test('logs: following closes every file that it has opened', async t => {
  const path = makeLog(t, line('one'));
  writeFileSync(`${path}.1`, line('zero'));
  const rename = (name: string) => () => {
    renameSync(path, `${path}.${name}`);
    writeFileSync(path, line(name));
  };
  const seen = await followThrough(path, [() => {}, rename('a'), rename('b'), rename('c')]);
  assert.deepEqual(seen, ['zero', 'one', 'a', 'b', 'c']);
  assert.deepEqual(
    listOpenFiles(process.pid).filter(({ target }) => target.startsWith(path)),
    [],
  );
});

test('logs: following a log that is renamed several times while its reader is busy loses nothing', async t => {
  const path = makeLog(t, line('one'));
  const abort = new AbortController();
  const seen: string[] = [];
  for await (const { data } of readLog(path, { follow: true, signal: abort.signal })) {
    seen.push(data.toString());
    if (seen.length === 4) abort.abort();
    if (seen.length > 1) continue;
    for (const text of ['two', 'three', 'four']) {
      renameSync(path, `${path}.before-${text}`);
      writeFileSync(path, line(text));
      // The reader has much else to do, but leaves the event loop its turns.
      await nextTurn();
      await nextTurn();
    }
  }
  assert.deepEqual(seen, ['one', 'two', 'three', 'four']);
});

test('logs: following goes through several rotations at once, and no line comes twice', async t => {
  const path = makeLog(t, line('one'));
  const seen = await followThrough(path, [
    () => {
      renameSync(path, `${path}.2`);
      writeFileSync(`${path}.1`, line('two') + line('three'));
      writeFileSync(path, line('four'));
    },
    () => {},
    () => {},
  ]);
  assert.deepEqual(seen, ['one', 'two', 'three', 'four']);
});

test('logs: following goes through a replacement, as the monitor’s size limit makes it, and a truncation', async t => {
  const path = makeLog(t, line('one'));
  const seen = await followThrough(path, [
    () => {
      writeFileSync(`${path}.tmp`, line('two'));
      renameSync(`${path}.tmp`, path);
    },
    () => {
      truncateSync(path, 0);
      appendFileSync(path, '');
      setImmediate(() => appendFileSync(path, line('3')));
    },
  ]);
  assert.deepEqual(seen, ['one', 'two', '3']);
});

for (const { what, text } of [
  { what: 'as much', text: line('two') },
  { what: 'more', text: line('two') + line('six') },
])
  test(`logs: following notices a truncation with ${what} written at once`, async t => {
    const path = makeLog(t, line('one'));
    const steps = [() => writeFileSync(path, text), () => {}].slice(0, text.length / line('two').length);
    assert.deepEqual(
      await followThrough(path, steps),
      ['one', 'two', 'six'].slice(0, 1 + text.length / line('two').length),
    );
  });

test('logs: following ends with the container, after its last line', async t => {
  const path = makeLog(t, line('one'));
  const end = Promise.withResolvers<void>();
  const seen = await followThrough(
    path,
    [
      () => {
        appendFileSync(path, line('two') + line('last'));
        end.resolve();
      },
    ],
    end.promise,
  );
  assert.deepEqual(seen, ['one', 'two', 'last']);
});

test('logs: a log that is not there yet is waited for', async t => {
  const path = makeLog(t);
  rmSync(path);
  setImmediate(() => writeFileSync(path, line('first')));
  assert.deepEqual(await followThrough(path, []), ['first']);
});
