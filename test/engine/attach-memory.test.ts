// What a monitor has for itself with many attach clients that do not read: one queue for all of them, and when they have
// read, or gone, what it had before. A burst of output leaves nothing behind either.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { makeFolder, makeGate, openGate, startMonitored } from '../fixtures/monitored.ts';
import { countSockets } from '../fixtures/open-files.ts';
import { waitUntil } from '../fixtures/waiting.ts';

/** test/long has more. */
const clientsCount = Number(process.env['MEMORY_CLIENTS'] ?? 200);
/** More than a socket and the queue hold together. */
const outputBytes = 2_000_000;
/** What is in the log when the queue must be full: its bound, less than a read, and what a socket holds. */
const loggedBytesMin = 900_000;

/** For a client itself, whatever it does. */
const clientBytesMax = 1000;
/** For the queue, 1 MiB, and for what a burst of output uses in the log path (docs/decisions/memory.md). */
const queueBytesMax = 1_100_000;
const burstBytesMax = 600_000;
/** For garbage that has not been collected, and pages that the heap keeps. */
const keptBytesMax = 150_000;

test(`A24: ${clientsCount} clients that do not read hold no more than one queue, and nothing when they have read`, t => {
  const on = start(t);
  const clients = letQueueFill(t, on);
  const left = clients.map(client => ({ client, bytes: outputBytes }));
  // In turn: who does not read holds up the others.
  while (left.some(({ bytes }) => bytes > 0))
    for (const one of left) if (one.bytes > 0) one.bytes -= one.client.receive()!.data.length;
  assertLetGo(t, on, clientsCount);
  for (const client of clients) client.close();
  on.finish();
});

test(`A24: ${clientsCount} clients that do not read hold no more than one queue, and nothing when they have gone`, t => {
  const on = start(t);
  for (const client of letQueueFill(t, on)) client.close();
  assertLetGo(t, on, 0);
  on.finish();
});

function letQueueFill(t: TestContext, on: ReturnType<typeof start>): AttachClient[] {
  const socketsBefore = countSockets(on.monitor);
  const clients = Array.from({ length: clientsCount }, () => connectAttach(on.attachSocket));
  waitUntil(() => countSockets(on.monitor) === socketsBefore + clientsCount, 'the clients to be accepted');
  on.print();
  const bytes = readPrivateBytes(on.monitor) - on.bytesBefore;
  t.diagnostic(`private memory: ${on.bytesBefore} bytes before, and ${bytes} for clients that do not read`);
  assert.ok(bytes > queueBytesMax / 2, 'the queue is full');
  assert.ok(bytes < clientsCount * clientBytesMax + queueBytesMax + burstBytesMax);
  return clients;
}

function assertLetGo(t: TestContext, on: ReturnType<typeof start>, clients: number): void {
  const mayStay = clients * clientBytesMax + keptBytesMax;
  let bytes = 0;
  waitUntil(() => {
    bytes = readPrivateBytes(on.monitor) - on.bytesBefore;
    return bytes < mayStay;
  }, `all but ${mayStay} bytes to be let go`);
  t.diagnostic(`${bytes} bytes are kept`);
}

/** A container that prints much when told, and then waits. */
function start(t: TestContext) {
  const [go, end] = [makeGate(t), makeGate(t)];
  const file = join(makeFolder(t), 'output');
  writeFileSync(file, `${'x'.repeat(99)}\n`.repeat(outputBytes / 100));
  const box = startMonitored(t, { container: `read go <${go}; cat ${file}; read go <${end}` });
  box.started();
  return {
    monitor: box.monitor,
    attachSocket: box.attachSocket,
    bytesBefore: readPrivateBytes(box.monitor),
    print(): void {
      openGate(go);
      box.waitForOutput(output => output.length > loggedBytesMin, 'the log to be ahead of the clients');
    },
    finish(): void {
      box.waitForOutput(output => output.length === outputBytes, 'the log to be complete');
      openGate(end);
      box.exitStatus();
      box.end();
    },
  };
}

/** Once what was written to files is on its disk: until then its pages count as those of who has mapped them. */
function readPrivateBytes(pid: number): number {
  execFileSync('sync');
  const kib = /^Private_Dirty: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return Number(kib) * 1024;
}
