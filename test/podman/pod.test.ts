import assert from 'node:assert/strict';
import { test } from 'node:test';
import { underEachConmon } from './harness/under-each-conmon.ts';

underEachConmon('pod', podman => {
  const createPod = () =>
    podman().ok(
      'pod',
      'create',
      '--name',
      'herd',
      '--network',
      'none',
      '--share',
      'ipc,uts',
      '--infra-image',
      'localhost/box:latest',
      '--infra-command',
      'sleep 100000',
    );

  test('create, start, stop, start, remove: all its containers follow, held by this conmon', async () => {
    await createPod();
    const script = 'trap "exit 7" TERM; echo ready; sleep 1000 & wait';
    await podman().ok('create', '--pod', 'herd', '--name', 'one', 'box', 'sh', '-c', script);
    await podman().ok('create', '--pod', 'herd', '--name', 'two', 'box', 'sh', '-c', script);
    await podman().ok('pod', 'start', 'herd');
    for (const name of ['one', 'two']) {
      await podman().untilLogged(name, 'ready');
      await podman().assertHolds(name);
    }
    assert.equal(podman().listConmons().length, 3, 'one for each container and one for the infra container');
    assert.equal(await podman().ok('exec', 'one', 'hostname'), await podman().ok('exec', 'two', 'hostname'));

    await podman().ok('pod', 'stop', '--time', '2', 'herd');
    for (const name of ['one', 'two'])
      assert.equal(await podman().inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), 'exited 7');
    await podman().ok('pod', 'start', 'herd');
    await podman().assertHolds('two');
    await podman().ok('pod', 'rm', '--force', '--time', '0', 'herd');
    assert.equal(await podman().ok('ps', '-a', '-q'), '');
  });

  test('run in a pod: the foreground container shows its output and gives its exit code', async () => {
    await createPod();
    const { exitCode, stdout } = await podman().call([
      'run',
      '--rm',
      '--pod',
      'herd',
      'box',
      'sh',
      '-c',
      'echo in; exit 11',
    ]);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 11, stdout: 'in\n' });
  });
});
