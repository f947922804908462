import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { it } from 'node:test';
import { until } from '../fixtures/waiting.ts';

const conmon = `${import.meta.dirname}/../../dist/conmon`;
const startFd = 4;

for (const go of ['\0', ''])
  it(`P6: conmon starts nothing before ${go === '' ? 'the end of the start pipe' : 'a byte on the start pipe'}`, async () => {
    const child = spawn(conmon, ['--no-such-option'], {
      env: { ...process.env, _OCI_STARTPIPE: String(startFd) },
      stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    await untilItReads(child.pid!, startFd);
    assert.equal(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'), '');
    assert.equal(child.exitCode, null);
    (child.stdio[4] as Writable).end(go);
    const [status] = await ended;
    assert.equal(status, 1); // it has looked at its arguments now
  });

// The kernel shows which call a process waits in, and its arguments.
async function untilItReads(pid: number, fd: number): Promise<void> {
  const waiting = new RegExp(`^\\d+ 0x${fd.toString(16)} `);
  await until(`a read of fd ${fd}`, () => waiting.test(readFileSync(`/proc/${pid}/syscall`, 'utf8')));
}
