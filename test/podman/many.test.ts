import assert from 'node:assert/strict';
import { test } from 'node:test';
import { underEachConmon } from './harness/under-each-conmon.ts';
import { until } from './harness/until.ts';

const containerCount = 50;
const callsAtOnce = 8;

underEachConmon('many', podman => {
  test(`${containerCount} containers at once: each runs, logs its own and ends with its own code`, async () => {
    const numbers = Array.from({ length: containerCount }, (_, i) => i);
    // Each waits for the same file, so that all of them live at the same time.
    const script = 'echo number $1; while [ ! -e /host/go ]; do sleep 0.2; done; exit $1';
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

    await podman().ok('exec', 'many-0', 'touch', '/host/go');
    const names = numbers.map(i => `many-${i}`);
    assert.deepEqual((await podman().ok('wait', ...names)).split('\n'), numbers.map(String));
    await until('all conmons gone', () => podman().listConmons().length === 0);
    await forEach(numbers, async i => assert.equal(await podman().ok('logs', `many-${i}`), `number ${i}`));
    await podman().ok('rm', '--all');
  });
});

async function forEach(numbers: readonly number[], act: (i: number) => Promise<void>): Promise<void> {
  const rest = [...numbers];
  const worker = async () => {
    for (let i = rest.shift(); i !== undefined; i = rest.shift()) await act(i);
  };
  await Promise.all(Array.from({ length: callsAtOnce }, worker));
}
