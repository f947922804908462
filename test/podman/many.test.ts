import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { until } from '../fixtures/waiting.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

const containerCount = 50;
const callsAtOnce = 8;

underEachConmon('many', podman => {
  test(`${containerCount} containers at once: each runs, logs its own and ends with its own code`, async () => {
    const numbers = Array.from({ length: containerCount }, (_, i) => i);
    // Each waits for a line of its own in the same fifo, so that all of them live at the same time.
    const script = 'echo number $1; read go < /host/go; exit $1';
    await execa('mkfifo', [join(podman().directory, 'tmp/go')]);
    const go = openSync(join(podman().directory, 'tmp/go'), 'r+');
    await forEach(numbers, async i => {
      await podman().runDetached(
        '--name',
        `many-${i}`,
        '--volume',
        `${podman().directory}/tmp:/host`,
        'box',
        'sh',
        '-c',
        script,
        'sh',
        `${i}`,
      );
    });
    assert.equal((await podman().ok('ps', '-q')).split('\n').length, containerCount);
    assert.equal(podman().listConmons().length, containerCount);

    writeSync(go, '\n'.repeat(containerCount));
    const names = numbers.map(i => `many-${i}`);
    assert.deepEqual((await podman().ok('wait', ...names)).split('\n'), numbers.map(String));
    // Each waits for its `podman container cleanup`, and these for each other.
    await until('all conmons gone', () => podman().listConmons().length === 0, 120_000);
    await forEach(numbers, async i => assert.equal(await podman().ok('logs', `many-${i}`), `number ${i}`));
    await podman().ok('rm', '--all');
    closeSync(go);
  });
});

async function forEach(numbers: readonly number[], act: (i: number) => Promise<void>): Promise<void> {
  const rest = [...numbers];
  const worker = async () => {
    for (let i = rest.shift(); i !== undefined; i = rest.shift()) await act(i);
  };
  await Promise.all(Array.from({ length: callsAtOnce }, worker));
}
