// A system call that breaks its promise, and so what is written as if it could not happen: the monitor tells where in
// our source it was, does its last acts, and does not pretend to know a status.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectAttach } from '../fixtures/attach-client.ts';
import { makeFault } from '../fixtures/faulty-libc.ts';
import { makeFolder, makeGate, openGate, runsAtExit, startMonitored } from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';

const project = join(import.meta.dirname, '../..');

test('fault: accept4 gives a number that is in use: the message has our files and lines, and the last acts are done', {
  skip: withoutMounts,
}, t => {
  const mounts = openPrivateMounts(t);
  const fault = makeFault(t, { acceptsTwice: true });
  const gate = makeGate(t);
  const mark = join(makeFolder(t), 'mark');
  const box = startMonitored(t, {
    ...fault.start,
    mounts,
    container: `read go <${gate}; echo accepted; exec sleep 3600`,
    args: runsAtExit(`: >${mark}`),
  });
  const container = box.started();
  const client = connectAttach(box.attachSocket);
  openGate(gate);
  client.receive();
  fault.turnOn();
  const another = connectAttach(box.attachSocket);
  assert.equal(box.end(), 1);
  for (const { close } of [client, another]) close();

  const [, text = ''] =
    /<error>: Error: (fd \d+ is watched already.*)/.exec(mounts.readSyslog().join('')) ?? [];
  const pattern = / {4}at (?:(\S+) \()?(?:file:\S*?)?(src\/[\w/-]+\.ts):(\d+):(\d+)/g;
  const frames = [...text.matchAll(pattern)].map(([, name = '', file = '', line, column]) => ({
    name: name.replace(/^.*[.#]/, ''),
    file,
    code: readFileSync(join(project, file), 'utf8').split('\n')[Number(line) - 1]!,
    column: Number(column),
  }));
  assert.match(frames[0]!.code, /throw new Error\(`fd \$\{fd\} is watched already`\)/);
  assert.deepEqual(
    [frames[0]!.file, frames.at(-1)!.file, frames.length > 5],
    ['src/sys/reactor.ts', 'src/main.ts', true],
    text,
  );
  for (const { code, column } of frames) assert.ok(column >= 1 && column <= code.length, text);
  // Each frame is where the one before it was called, by name or by a variable.
  for (const [i, { name }] of frames.slice(0, -1).entries())
    if (!name.includes('anonymous'))
      assert.match(frames[i + 1]!.code, new RegExp(`\\b${name}\\b.*\\(`), text);

  assert.equal(readFileSync(box.exitFile, 'utf8'), '137');
  assert.ok(existsSync(mark));
  assert.equal(existsSync(`/proc/${container}`), false, 'what is said to have ended is gone');
});
