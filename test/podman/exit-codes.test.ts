import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { readProcess } from './harness/processes.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

underEachConmon('exit codes', podman => {
  for (const code of [0, 1, 42, 255])
    test(`run: a command that exits with ${code} makes podman exit with ${code}`, async () => {
      const { exitCode } = await podman().call(['run', '--rm', 'box', 'sh', '-c', `exit ${code}`]);
      assert.equal(exitCode, code);
    });

  for (const [signal, code] of [
    ['KILL', 137],
    ['TERM', 143],
    ['SEGV', 139],
  ] as const)
    test(`run: a container killed by SIG${signal} gives ${code}, to wait, to inspect and to ps`, async () => {
      // With the host's pids: the first process of a pid namespace would not die of SIGTERM.
      await podman().runDetached('--name', 'victim', '--pid', 'host', 'box', 'sleep', '1000');
      const pid = Number(await podman().inspect('victim', '{{.State.Pid}}'));
      await until('the program in the place of the runtime', () => readProcess(pid)?.comm === 'sleep');
      process.kill(pid, `SIG${signal}`);
      assert.equal(await podman().ok('wait', 'victim'), `${code}`);
      assert.equal(
        await podman().inspect('victim', '{{.State.Status}} {{.State.ExitCode}}'),
        `exited ${code}`,
      );
      assert.match(
        await podman().ok('ps', '-a', '--format', '{{.Status}}'),
        new RegExp(`^Exited \\(${code}\\) `),
      );
    });

  test('run: an image that is not there gives 125', async () => {
    const { exitCode } = await podman().call(['run', '--rm', '--pull', 'never', 'no-such-image', 'true']);
    assert.equal(exitCode, 125);
  });

  test('run: a file that is not executable gives 126, and the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['run', '--rm', 'box', '/etc']);
    assert.equal(exitCode, 126);
    assert.match(stderr, /permission denied/i);
  });

  test('run: a command that is not there gives 127, and the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['run', '--rm', 'box', '/no/such/command']);
    assert.equal(exitCode, 127);
    assert.match(stderr, /no such file or directory/);
  });
});
