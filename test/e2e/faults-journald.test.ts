// A journald that is stopped and started under a running container, through the whole monitor.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { conmon } from '../fixtures/conmon.ts';
import { fixture, makeFolder, makeGate, openGate } from '../fixtures/monitored.ts';
import { waitUntil } from '../fixtures/waiting.ts';
import { Journal } from '../journald/harness/journal.ts';
import { probeJournald } from '../journald/harness/probe.ts';

const missing = await probeJournald();
const skip = missing === undefined ? false : `needs ${missing}`;
const cid = 'container-under-a-journald-that-goes';

/** Starts a container whose log is the journal's; returns the places of its files. */
async function start(t: TestContext, journal: Journal, container: string) {
  const dir = makeFolder(t);
  for (const name of ['bundle', 'exits']) mkdirSync(join(dir, name));
  const exitFile = join(dir, 'exits', cid);
  await journal.run(
    conmon,
    [
      ...['--api-version', '1', '-c', cid, '-u', cid, '-n', 'name', '-b', join(dir, 'bundle')],
      ...['-r', fixture('runtime-starts-container'), '-p', join(dir, 'pid'), '--full-attach'],
      ...['--exit-dir', join(dir, 'exits'), '-l', 'journald:', '-l', join(dir, 'LOG')],
    ],
    { CONTAINER: container },
  );
  const isLogged = (text: string) =>
    existsSync(join(dir, 'LOG')) && readFileSync(join(dir, 'LOG'), 'utf8').includes(text);
  return { exitFile, waitForLine: (text: string) => waitUntil(() => isLogged(`F ${text}\n`), text) };
}

const readMessages = async (journal: Journal) =>
  (await journal.entries({ CONTAINER_ID_FULL: cid })).map(entry => entry['MESSAGE']?.trim());

test('fault: journald is stopped and started: what is printed after that is in the journal, and nothing waits', {
  skip,
}, async t => {
  const journal = await Journal.create();
  t.after(() => journal.close());
  await journal.start();
  const gates = [makeGate(t), makeGate(t)] as const;
  const { exitFile, waitForLine } = await start(
    t,
    journal,
    `echo before; read go <${gates[0]}; echo while away; read go <${gates[1]}; echo after; exit 3`,
  );
  waitForLine('before');
  assert.deepEqual(await readMessages(journal), ['before']);
  await journal.kill();
  openGate(gates[0]);
  waitForLine('while away'); // the other log goes on
  await journal.start();
  openGate(gates[1]);
  waitUntil(() => existsSync(exitFile), 'the exit file');
  assert.equal(readFileSync(exitFile, 'utf8'), '3');
  const messages = await readMessages(journal);
  assert.equal(messages.at(-1), 'after');
});

test('fault: no journald at all: the container runs to its end, and the other log is complete', {
  skip,
}, async t => {
  const journal = await Journal.create();
  t.after(() => journal.close());
  const { exitFile, waitForLine } = await start(t, journal, 'echo out; exit 3');
  waitForLine('out');
  waitUntil(() => existsSync(exitFile), 'the exit file');
  assert.equal(readFileSync(exitFile, 'utf8'), '3');
});

test('fault: a journald that reads nothing any more: the exit file comes, and the other log is complete', {
  skip,
}, async t => {
  const journal = await Journal.create();
  t.after(() => journal.close());
  await journal.start();
  const gate = makeGate(t);
  const { exitFile, waitForLine } = await start(
    t,
    journal,
    `read go <${gate}; i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exit 3`,
  );
  journal.freeze();
  openGate(gate);
  waitUntil(() => existsSync(exitFile), 'the exit file', 60_000);
  assert.equal(readFileSync(exitFile, 'utf8'), '3');
  waitForLine('line 1999');
  journal.thaw();
});
