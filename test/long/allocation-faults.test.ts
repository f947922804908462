// Memory that the system refuses: each allocation of a whole life fails, one by one; and the system gives no more, from
// each one on. The monitor must come to its end by itself, its caller must have an answer, and the last acts must be done.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { buildVariant } from '../fixtures/variants.ts';

const limitMs = 60_000;
const atATime = 4;
/** What ends a process by a signal, as a shell sees it. */
const signalled = 128;

test('each allocation of a life fails once: the caller has its answer and the exit command runs', async t => {
  await failEach(t, n => `${n}`);
});

test('the system gives no more memory from each allocation on: the caller has its answer and the exit command runs', async t => {
  await failEach(t, n => `${n}+`);
});

async function failEach(t: TestContext, which: (n: number) => string): Promise<void> {
  const conmon = buildVariant('faults');
  const wrong: string[] = [];
  let count = 0;
  for (let isLast = false; !isLast; ) {
    await t.test(`allocations from ${count + 1} on`, part => {
      for (let i = 0; i < 100 && !isLast; i += atATime) {
        const lives = Array.from({ length: atATime }, () => start(part, conmon, which(++count)));
        for (const life of lives) {
          const fault = life.findFault();
          if (fault !== undefined) wrong.push(fault);
          isLast ||= !life.hasFailed();
        }
      }
    });
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 200, `a life has more than ${count} allocations`);
}

function start(t: TestContext, conmon: string, which: string) {
  const folder = makeFolder(t);
  const [failed, cleaned] = [join(folder, 'failed'), join(folder, 'cleaned')];
  const exitCommand = ['/bin/sh', '-c', `: > ${cleaned}`].flatMap((arg, i) => [
    i === 0 ? '--exit-command' : '--exit-command-arg',
    arg,
  ]);
  const box = startMonitored(t, {
    conmon,
    container: 'echo out; echo error >&2; exit 7',
    env: { CONMON_FAIL_ALLOCATION: `${which}:${failed}` },
    args: exitCommand,
  });
  const findFault = (): string | undefined => {
    const launched = box.caller.wait(limitMs);
    const report = box.caller.readSync(limitMs);
    const words = report?.message ?? box.caller.stderr();
    if (launched !== 0)
      return launched < signalled && words !== '' ? undefined : `${which}: launcher ${launched}`;
    const ended = box.end(limitMs);
    if (report === undefined) return `${which}: no report`;
    if (ended >= signalled && ended !== 255) return `${which}: the monitor was ended by ${ended}`;
    if (!existsSync(cleaned)) return `${which}: no exit command`;
    if (report.value < 0) return report.message ? undefined : `${which}: no reason`;
    if (!existsSync(box.exitFile)) return `${which}: no exit file`;
    const status = readFileSync(box.exitFile, 'utf8');
    return ['7', '137', '255'].includes(status) ? undefined : `${which}: exit status ${status}`;
  };
  return { findFault, hasFailed: () => existsSync(failed) };
}
