import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { journalWaitMsMax } from '../../src/logs/journald-socket.ts';
import { type Entry, Journal } from './harness/journal.ts';

const options = { cid: '', name: 'web', logTag: undefined as string | undefined, logLabel: [] as string[] };
let journal: Journal;
let testCount = 0;

before(async () => {
  journal = await Journal.create();
});
after(() => journal.close());
beforeEach(() => {
  options.cid = `0123456789ab${String(++testCount).padStart(4, '0')}`;
});

const written = () => journal.entries({ CONTAINER_ID_FULL: options.cid });
const lengthsAndMarks = (entries: Entry[]) =>
  entries.map(entry => [entry['MESSAGE']!.length, entry['CONTAINER_PARTIAL_MESSAGE']]);

/** The fields that the program gives, without those that journald adds. */
function given(entry: Entry): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !name.startsWith('_')));
}

test('J15 journald, real: entries from before there is a journal are counted, later ones arrive', async () => {
  const writer = journal.write(options);
  const { ms } = await writer.does({ print: 'a\nb\n' });
  assert.ok(ms < 1000, `no waiting for what is not there: ${ms} ms`);
  await journal.start();
  await writer.does({ print: 'c\n' });
  assert.deepEqual(await writer.ends(), [
    'Failed to send to journald, entries are lost until it is back: No such file or directory',
    'journald is back, 2 entries had been lost',
  ]);
  assert.deepEqual(
    (await written()).map(entry => entry['MESSAGE']),
    ['c\n'],
  );
});

test('J1 journald, real: the fields are those that C conmon gives, less its own source lines', async () => {
  const writer = journal.write({ ...options, logTag: 'tag', logLabel: ['FOO=bar'] });
  await writer.does({ print: 'hello\n' });
  await writer.does({ print: 'oh\n', stream: 'stderr' });
  assert.deepEqual(await writer.ends(), []);
  const common = {
    CONTAINER_ID_FULL: options.cid,
    CONTAINER_ID: '0123456789ab',
    CONTAINER_NAME: 'web',
    CONTAINER_TAG: 'tag',
    SYSLOG_IDENTIFIER: 'tag',
    FOO: 'bar',
  };
  assert.deepEqual((await written()).map(given), [
    { ...common, PRIORITY: '6', MESSAGE: 'hello\n' },
    { ...common, PRIORITY: '3', MESSAGE: 'oh\n' },
  ]);
});

test('J3 journald, real: every byte arrives, and forged fields do not', async () => {
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i).filter(byte => byte !== 10));
  const writer = journal.write({ ...options, name: 'a\nPRIORITY=0' });
  await writer.does({ print: `${bytes}\nPRIORITY=1\n` });
  await writer.ends();
  assert.deepEqual(
    (await written()).map(entry => [entry['PRIORITY'], entry['CONTAINER_NAME'], entry['MESSAGE']]),
    [
      ['6', 'a\nPRIORITY=0', `${bytes}\n`],
      ['6', 'a\nPRIORITY=0', 'PRIORITY=1\n'],
    ],
  );
});

test('J5 journald, real: lines of 8192, 8193 and 20,000 bytes, and an unfinished one', async () => {
  const writer = journal.write(options);
  await writer.does({ print: `${'a'.repeat(8192)}\n${'b'.repeat(8193)}\n${'c'.repeat(20_000)}\nunfinished` });
  await writer.ends();
  assert.deepEqual(lengthsAndMarks(await written()), [
    [8193, undefined],
    [8192, 'true'],
    [2, undefined],
    [8192, 'true'],
    [8192, 'true'],
    [3617, undefined],
    [10, 'true'],
  ]);
});

test('J9 journald, real: with prefix, entries have the priorities of their lines', async () => {
  const writer = journal.write({ ...options, journaldPriority: 'prefix' });
  await writer.does({ print: '<4>warning\n<0>alarm\nplain\n' });
  await writer.ends();
  assert.deepEqual(
    (await written()).map(entry => [entry['PRIORITY'], entry['MESSAGE']]),
    [
      ['4', 'warning\n'],
      ['0', 'alarm\n'],
      ['6', 'plain\n'],
    ],
  );
});

test('J13 journald, real: an entry with a label of 1,000,000 bytes, too large for a datagram, is taken', async () => {
  const value = 'v'.repeat(1_000_000);
  const writer = journal.write({ ...options, logLabel: [`LARGE=${value}`] });
  await writer.does({ print: 'hello\n' });
  assert.deepEqual(await writer.ends(), []);
  const [entry] = await written();
  assert.equal(entry?.['MESSAGE'], 'hello\n');
  assert.equal(entry?.['LARGE'], value);
});

for (const waitsByReactor of [false, true]) {
  const how = waitsByReactor ? 'by the reactor' : 'in write';
  test(`J14 journald, real: 20,000 lines, faster than journald reads, all arrive in order, waiting ${how}`, async t => {
    const writer = journal.write({ ...options, waitsByReactor });
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
    const { ms, longestMs } = await writer.does({ print: lines.join('') });
    t.diagnostic(`${Math.round(ms)} ms, the longest call ${Math.round(longestMs)} ms`);
    assert.deepEqual(await writer.ends(), []);
    assert.deepEqual(
      (await written()).map(entry => entry['MESSAGE']),
      lines,
    );
  });
}

test('J14 journald, real: a frozen journal holds the monitor up once, and what is lost is counted', async () => {
  const writer = journal.write(options);
  await writer.does({ print: 'before\n' });
  journal.freeze();
  const lines = 2000;
  const first = await writer.does({ print: 'x\n'.repeat(lines) });
  assert.ok(first.ms >= journalWaitMsMax && first.ms < 2 * journalWaitMsMax, `${first.ms} ms`);
  const second = await writer.does({ print: 'y\n'.repeat(lines) });
  assert.ok(second.ms < journalWaitMsMax, `${second.ms} ms`);
  journal.thaw();
  await journal.entries({}); // it has read all that was in its queue
  await writer.does({ print: 'after\n' });
  const warnings = await writer.ends();
  const lost = Number(/^journald is back, (\d+) entries had been lost$/.exec(warnings[1]!)?.[1]);
  const entries = await written();
  assert.ok(lost > lines);
  assert.equal(entries.length + lost, 2 * lines + 2);
  assert.equal(entries.at(-1)!['MESSAGE'], 'after\n');
});

test('J15 journald, real: a journal that is killed and started again gets what comes after', async () => {
  const writer = journal.write(options);
  await writer.does({ print: 'before\n' });
  await written();
  await journal.kill();
  await writer.does({ print: 'lost\n' });
  await journal.start();
  await writer.does({ print: 'after\n' });
  assert.deepEqual(await writer.ends(), [
    'Failed to send to journald, entries are lost until it is back: Connection refused',
    'journald is back, 1 entry had been lost',
  ]);
  assert.deepEqual(
    (await written()).map(entry => entry['MESSAGE']),
    ['before\n', 'after\n'],
  );
});

test('M4 messages, real: --syslog messages reach the journal as conmon’s, each as one entry', async () => {
  const writer = journal.write(options);
  await writer.does({ say: 'error', text: 'runtime: a\n<11>forged' });
  await writer.does({ say: 'info', text: 'careful' });
  await writer.does({ say: 'debug', text: 'not said' });
  await writer.ends();
  const entries = await journal.entries({ _TRANSPORT: 'syslog' });
  assert.deepEqual(
    entries
      .filter(entry => entry['MESSAGE']!.includes(options.cid))
      .map(entry => [
        entry['SYSLOG_IDENTIFIER'],
        entry['SYSLOG_FACILITY'],
        entry['PRIORITY'],
        entry['MESSAGE'],
      ]),
    [
      ['conmon', '1', '3', `conmon ${options.cid} <error>: runtime: a\\n<11>forged`],
      ['conmon', '1', '6', `conmon ${options.cid} <ninfo>: careful`],
    ],
  );
});
