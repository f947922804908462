// A thousand containers, one after the other and a few at a time: nothing of them is left over.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PR_SET_CHILD_SUBREAPER } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { type AttachClient, connectAttach } from '../fixtures/attach-client.ts';
import { type Caller, reap, startConmon } from '../fixtures/caller.ts';
import { conmon } from '../fixtures/conmon.ts';
import {
  fixture,
  joinRecords,
  listChildren,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { must, waitUntil } from '../fixtures/waiting.ts';

const containersCount = 1000;
const atATime = 4;
const limitMs = 60_000;

test('1,000 containers started and ended: no process, file or fd is left over, and each status is right', t => {
  must(sys.prctl(PR_SET_CHILD_SUBREAPER, 1), 'prctl');
  const dir = makeFolder(t);
  const [exits, persist, temporary, bundles] = ['exits', 'persist', 'tmp', 'bundles'].map(name =>
    join(dir, name),
  ) as [string, string, string, string];
  for (const folder of [exits, persist, temporary, bundles]) mkdirSync(folder);
  const fdsBefore = readdirSync('/proc/self/fd').length;
  const wrong: string[] = [];

  const start = (i: number) => {
    const [bundle, persistDir] = [join(bundles, `${i}`), join(persist, `${i}`)];
    for (const folder of [bundle, persistDir]) mkdirSync(folder);
    const terminal = i % 10 === 9; // its runtime sends no console: the container is not there
    const caller = startConmon({
      conmon,
      apiVersion: true,
      args: [
        ...[
          '-c',
          `c${i}`,
          '-u',
          `u${i}`,
          '-n',
          'n',
          '-b',
          bundle,
          '-l',
          join(bundle, 'LOG'),
          '--full-attach',
        ],
        ...[
          '-r',
          fixture(i % 10 === 8 ? 'runtime-fails' : 'runtime-starts-container'),
          '-p',
          join(bundle, 'pid'),
        ],
        ...['-P', join(bundle, 'conmon-pid'), '--exit-dir', exits, '--persist-dir', persistDir],
        ...(terminal ? ['-t'] : []),
      ],
      env: { PATH: process.env['PATH']!, TMPDIR: temporary, CONTAINER: `echo out ${i}; exit ${i % 256}` },
    });
    return { i, bundle, caller };
  };

  const end = ({ i, bundle, caller }: { i: number; bundle: string; caller: Caller }) => {
    const runs = i % 10 < 8;
    const launched = caller.wait(limitMs);
    const value = caller.readSync(limitMs)?.value ?? 0;
    const monitor = reap(Number(readFileSync(join(bundle, 'conmon-pid'), 'utf8')), limitMs);
    const files = readdirSync(bundle).sort().join(' ');
    const output = joinRecords(readFileSync(join(bundle, 'LOG'), 'utf8'), 'stdout');
    const found = [launched, value > 0, monitor, runs ? files : '', runs ? output : ''].join();
    const wanted = [
      0,
      runs,
      runs ? i % 256 : 1,
      runs ? 'LOG conmon-pid ctl pid winsz' : '',
      runs ? `out ${i}\n` : '',
    ];
    if (found !== wanted.join()) wrong.push(`${i}: ${found} instead of ${wanted}`);
    caller.remove();
  };

  for (let first = 0; first < containersCount; first += atATime) {
    const batch = Array.from({ length: atATime }, (_, n) => start(first + n));
    for (const one of batch) end(one);
  }

  assert.deepEqual(wrong, []);
  for (let i = 0; i < containersCount; i++) {
    const isThere = i % 10 < 8;
    assert.deepEqual(readdirSync(join(persist, `${i}`)), isThere ? ['exit'] : [], `persist of ${i}`);
    if (isThere) assert.equal(readFileSync(join(exits, `c${i}`), 'utf8'), String(i % 256));
  }
  assert.equal(readdirSync(exits).length, containersCount * 0.8);
  assert.deepEqual(readdirSync(temporary), []);
  assert.equal(readdirSync('/proc/self/fd').length, fdsBefore);
  // The containers of the runtimes that sent no console are the caller's to clean up; these have ended by themselves.
  assert.deepEqual(
    listChildren().filter(([, state]) => state !== 'Z'),
    [],
  );
});

test('1,000 clients of one container, with input and output: its monitor keeps neither fds nor memory of them', t => {
  const gate = makeGate(t);
  const box = startMonitored(t, {
    args: ['-i', '--leave-stdin-open'],
    container: `exec 4<&0; cat <&4 & read go <${gate}; kill $!; exit 3`,
  });
  box.started();
  const visit = (count: number) => {
    for (let i = 0; i < count; i++) {
      const client: AttachClient = connectAttach(box.attachSocket);
      const sent = `input ${i}\n`.repeat(500);
      client.send(sent);
      for (let got = 0; got < sent.length; ) got += client.receive()!.data.length;
      client.close();
    }
  };
  visit(200);
  const [fds, bytes] = [readdirSync(`/proc/${box.monitor}/fd`).length, privateBytes(box.monitor)];
  visit(1000);
  waitUntil(() => readdirSync(`/proc/${box.monitor}/fd`).length <= fds, 'its fds to be as before');
  const grown = privateBytes(box.monitor) - bytes;
  assert.ok(grown < 4 * 1024 * 1024, `its memory has grown by ${grown} bytes`);
  openGate(gate);
  assert.equal(box.exitStatus(), '3');
});

function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].map(match => Number(match[1]));
  return kib.reduce((sum, size) => sum + size, 0) * 1024;
}
