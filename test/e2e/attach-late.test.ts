// Clients that attach while the container runs and send no input, as `podman attach --no-stdin` does: each is to see
// what is printed from then on, however busy the machine is.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { O_CLOEXEC, O_RDWR } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { must } from '../fixtures/waiting.ts';

/** CONMON_ATTACHES names another number, as test/long does. */
const attaches = Number(process.env['CONMON_ATTACHES'] ?? 200);
/** What keeps the machine busy, so that every process is made to wait at any place. */
const busyProcesses = 4;

test(`attach A8, A12: ${attaches} clients that attach late on a busy machine, and send nothing, see all that is printed then`, t => {
  const { print, attachSocket } = startPrinter(t);
  makeBusy(t);
  for (let i = 0; i < attaches; i++) {
    const client = connectAttach(attachSocket);
    const endInputFirst = i % 2 === 0;
    if (endInputFirst) client.endInput();
    print(`line ${i}\n`);
    if (!endInputFirst) client.endInput();
    assert.equal(client.receive()?.data.toString(), `line ${i}\n`);
    client.close();
  }
});

test(`attach A8, A11: ${attaches} clients that attach late, each when another goes, see all that is printed then`, t => {
  const { print, attachSocket } = startPrinter(t);
  makeBusy(t);
  let last: AttachClient | undefined;
  for (let i = 0; i < attaches; i++) {
    last?.close();
    const client = connectAttach(attachSocket);
    client.endInput();
    print(`line ${i}\n`);
    assert.equal(client.receive()?.data.toString(), `line ${i}\n`);
    last = client;
  }
  last?.close();
});

/** A container that prints what `print` gives it. */
function startPrinter(t: TestContext): { attachSocket: string; print: (text: string) => void } {
  const fifo = join(makeFolder(t), 'fifo');
  must(sys.mkfifo(fifo, 0o600), 'mkfifo');
  const fd = must(sys.open(fifo, O_RDWR | O_CLOEXEC, 0), 'open');
  t.after(() => sys.close(fd));
  const box = startMonitored(t, { container: `exec cat <${fifo}` });
  box.started();
  const print = (text: string) => must(sys.write(fd, Buffer.from(text), 0, text.length), 'write');
  return { attachSocket: box.attachSocket, print };
}

function makeBusy(t: TestContext): void {
  for (let i = 0; i < busyProcesses; i++) {
    const busy = spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    busy.unref(); // it may be reaped with the monitor's children
    t.after(() => busy.kill('SIGKILL'));
  }
}
