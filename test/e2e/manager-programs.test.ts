// Runtimes and monitors that are sick, or are none.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MonitorError, Runtime, RuntimeError, TimeLimitError } from '../../src/manager/index.ts';
import { hangMs, until, waitForEnd, waitForFile } from '../fixtures/waiting.ts';
import { conmons, hostrun } from './manager-harness.ts';

/** A program of a few lines of shell, and a Runtime that takes it for its runtime. */
function makeSick(t: TestContext, script: string) {
  const dir = mkdtempSync(join(tmpdir(), 'manager-sick-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, 'program');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const make = (files: { readonly runtime?: string; readonly conmon?: string }) =>
    new Runtime({ runtime: hostrun, conmon: conmons[0]!.path, root: join(dir, 'root'), ...files });
  return { dir, program, make };
}

for (const stream of ['1', '2'])
  test(`runtime: one that writes to ${stream} for ever is killed for it, and its error stays short`, async t => {
    const { program, make } = makeSick(t, `exec yes "$(head -c 1000 /dev/zero | tr '\\0' x)" >&${stream}`);
    await assert.rejects(make({ runtime: program }).version(), (error: unknown) => {
      assert.ok(error instanceof RuntimeError);
      assert.match(error.words, /^it wrote more than 4194304 bytes, and was killed$/);
      assert.deepEqual([error.signal, error.command[0]], ['SIGKILL', program]);
      assert.ok(error.stderr.length < 70_000 && error.message.length < 5000);
      return true;
    });
  });

const hangs = 'echo waiting >&2; sleep 1000 & echo $! >"$0.pid"; wait';

test('runtime: one that hangs is killed at its time limit, with what it started', async t => {
  const { dir, program, make } = makeSick(t, hangs);
  const pid = join(dir, 'program.pid');
  for (let timeLimitMs = 500; ; timeLimitMs *= 2) {
    const error = await make({ runtime: program })
      .version({ timeLimitMs })
      .then(
        () => assert.fail('it has ended'),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof TimeLimitError && error.limitMs === timeLimitMs);
    assert.equal(error.command?.[0], program);
    if (!isWritten(pid) && timeLimitMs < hangMs) continue; // it was too short for the script to begin
    assert.equal(error.stderr, 'waiting\n');
    return waitForEnd(Number(readFileSync(pid, 'utf8')));
  }
});

test('runtime: one that hangs is killed at the signal, with what it started', async t => {
  const { dir, program, make } = makeSick(t, hangs);
  const pid = join(dir, 'program.pid');
  const abort = new AbortController();
  const asked = make({ runtime: program }).version({ signal: abort.signal });
  asked.catch(() => {});
  await until('the start of the helper', () => isWritten(pid));
  const reason = new Error('enough');
  abort.abort(reason);
  await assert.rejects(asked, reason);
  waitForEnd(Number(readFileSync(pid, 'utf8')));
});

test('runtime: one that has ended is not waited for because a helper holds its output open', async t => {
  const { dir, program, make } = makeSick(
    t,
    'sleep 1000 & echo $! >"$0.pid"; printf "runc version 1.0.0\\n"',
  );
  const { runtime } = await make({ runtime: program }).version({ timeLimitMs: 20_000 });
  assert.deepEqual([runtime.name, runtime.version], ['runc', '1.0.0']);
  const pid = join(dir, 'program.pid');
  waitForFile(pid);
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL'); // it was left alone
});

test('ready: programs that are no runtime and no monitor are refused', async t => {
  const { make } = makeSick(t, '');
  await make({}).ready();
  for (const other of ['/bin/true', '/bin/echo', '/bin/false']) {
    await assert.rejects(make({ runtime: other }).ready(), RuntimeError);
    await assert.rejects(make({ conmon: other }).ready(), MonitorError);
  }
  await assert.rejects(make({ conmon: hostrun }).ready(), MonitorError);
});

for (const conmon of conmons)
  test(`version: runtime and ${conmon.name} are named, with the line that they said`, async t => {
    const { make } = makeSick(t, '');
    const { runtime, monitor } = await make({ conmon: conmon.path }).version();
    assert.equal(monitor.name, 'conmon');
    assert.match(monitor.version, /^2\./);
    assert.equal(monitor.line, `conmon version ${monitor.version}`);
    assert.deepEqual([runtime.name, runtime.spec], ['hostrun', '1.0.2']);
  });

function isWritten(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').endsWith('\n');
  } catch {
    return false;
  }
}
