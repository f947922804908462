import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { initPath } from './harness/machine.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

const waitsForTerm = 'trap "exit 19" TERM; echo ready; sleep 1000 & wait';

underEachConmon('lifecycle', podman => {
  test('stop: the command gets SIGTERM, and its exit code is kept', async () => {
    await podman().runDetached('--name', 'polite', 'box', 'sh', '-c', waitsForTerm);
    await podman().untilLogged('polite', 'ready');
    await podman().ok('stop', 'polite');
    assert.equal(await podman().inspect('polite', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 19');
  });

  test('stop: a command that ignores SIGTERM is killed when the time is over, and gives 137', async () => {
    await podman().runDetached('--name', 'deaf', 'box', 'sleep', '1000');
    await podman().ok('stop', '--time', '1', 'deaf');
    assert.equal(await podman().inspect('deaf', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 137');
  });

  test('kill: the named signal arrives', async () => {
    await podman().runDetached(
      '--name',
      'target',
      'box',
      'sh',
      '-c',
      'trap "echo caught" USR1; trap "exit 20" USR2; echo ready; sleep 1000 & while :; do wait; done',
    );
    await podman().untilLogged('target', 'ready');
    await podman().ok('kill', '--signal', 'USR1', 'target');
    await podman().untilLogged('target', 'caught');
    await podman().ok('kill', '--signal', 'USR2', 'target');
    assert.equal(await podman().ok('wait', 'target'), '20');
  });

  test('kill: SIGKILL gives 137', async () => {
    await podman().runDetached('--name', 'target', 'box', 'sleep', '1000');
    await podman().ok('kill', 'target');
    assert.equal(await podman().ok('wait', 'target'), '137');
  });

  test('wait: started before the end, it answers the exit code', async () => {
    await podman().runDetached(
      '--name',
      'awaited',
      'box',
      'sh',
      '-c',
      'mkfifo /go; echo ready; cat /go; exit 23',
    );
    await podman().untilLogged('awaited', 'ready');
    const waiting = podman().start(['wait', 'awaited']);
    await podman().writeToGo('awaited');
    assert.equal((await waiting).stdout, '23\n');
  });

  test('restart: the container runs again, under a new process of the same conmon', async () => {
    await podman().runDetached('--name', 'again', 'box', 'sh', '-c', waitsForTerm);
    await podman().untilLogged('again', 'ready');
    const first = await podman().readConmon('again');
    await podman().ok('restart', 'again');
    await podman().assertHolds('again');
    assert.notEqual((await podman().readConmon('again')).pid, first.pid);
  });

  test('--restart on-failure:2: the exit command starts it twice more, under this conmon', async () => {
    await podman().runDetached(
      '--name',
      'stubborn',
      '--restart',
      'on-failure:2',
      '--volume',
      `${podman().directory}/tmp:/host`,
      'box',
      'sh',
      '-c',
      'echo run >> /host/runs; test "$(grep -c run /host/runs)" -lt 3 && exit 1; mkfifo /go; echo ready; cat /go',
    );
    await podman().untilLogged('stubborn', 'ready');
    await podman().assertHolds('stubborn');
    assert.equal(await podman().inspect('stubborn', '{{.RestartCount}}'), '2');
    assert.equal(await readFile(join(podman().directory, 'tmp/runs'), 'utf8'), 'run\nrun\nrun\n');
  });

  test('pause, unpause: the container stands still, and goes on', async () => {
    await podman().runDetached('--name', 'frozen', 'box', 'sh', '-c', 'mkfifo /go; echo ready; cat /go');
    await podman().untilLogged('frozen', 'ready');
    await podman().ok('pause', 'frozen');
    assert.equal(await podman().inspect('frozen', '{{.State.Status}}'), 'paused');
    await podman().ok('unpause', 'frozen');
    await podman().writeToGo('frozen', 'thawed');
    assert.equal(await podman().ok('wait', 'frozen'), '0');
    assert.equal(await podman().ok('logs', 'frozen'), 'ready\nthawed');
  });

  test('--init: the init reaps what the command leaves behind, and the exit code is the command’s', {
    skip: initPath === undefined && 'needs catatonit',
  }, async () => {
    // The inner shell's child becomes the init's when that shell ends.
    const script = 'sh -c "sleep 0.1 &"; echo ready; read go; exit 27';
    await podman().runDetached('--name', 'tidy', '--init', '-i', 'box', 'sh', '-c', script);
    await podman().untilLogged('tidy', 'ready');
    await until(
      'the orphan reaped',
      async () => (await podman().ok('top', 'tidy', 'args')).split('\n').length === 3,
    );
    assert.match(await podman().ok('top', 'tidy', 'pid', 'comm'), /^1 +podman-init$/m);
    await podman().call(['attach', 'tidy'], { input: 'go\n' });
    assert.equal(await podman().ok('wait', 'tidy'), '27');
  });

  test('--init: stop reaches the command through the init', {
    skip: initPath === undefined && 'needs catatonit',
  }, async () => {
    await podman().runDetached('--name', 'polite', '--init', 'box', 'sh', '-c', waitsForTerm);
    await podman().untilLogged('polite', 'ready');
    await podman().ok('stop', 'polite');
    assert.equal(await podman().inspect('polite', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 19');
  });

  test('top: shows the processes of the container', async () => {
    await podman().runDetached('--name', 'busy', 'box', 'sleep', '1000');
    const top = () => podman().ok('top', 'busy', 'pid', 'args');
    await until('the program in the place of the runtime', async () => (await top()).includes('sleep'));
    assert.match(await top(), /^PID +COMMAND\n1 +sleep 1000$/);
  });

  test('cp: into a running container and out of it', async () => {
    const file = join(podman().directory, 'tmp/letter');
    await writeFile(file, 'dear container\n');
    await podman().runDetached('--name', 'box1', 'box', 'sleep', '1000');
    await podman().ok('cp', file, 'box1:/tmp/letter');
    assert.equal(await podman().ok('exec', 'box1', 'cat', '/tmp/letter'), 'dear container');
    await podman().ok('cp', 'box1:/tmp/letter', `${file}.back`);
    assert.equal(await readFile(`${file}.back`, 'utf8'), 'dear container\n');
  });

  test('healthcheck run: 0 while the check succeeds, 1 when it does not', async () => {
    await podman().runDetached(
      '--name',
      'patient',
      '--health-cmd',
      'test -e /tmp/well',
      '--health-interval',
      'disable',
      '--health-retries',
      '1',
      'box',
      'sleep',
      '1000',
    );
    assert.equal((await podman().call(['healthcheck', 'run', 'patient'])).exitCode, 1);
    await podman().ok('exec', 'patient', 'touch', '/tmp/well');
    assert.equal((await podman().call(['healthcheck', 'run', 'patient'])).exitCode, 0);
    assert.equal(await podman().inspect('patient', '{{.State.Healthcheck.Status}}'), 'healthy');
  });

  test('--preserve-fds: fd 3 is handed to the container', async () => {
    const { exitCode, stdout } = await podman().call(
      ['run', '--rm', '--preserve-fds', '1', 'box', 'sh', '-c', 'cat <&3'],
      {
        atFd3: 'through fd 3',
      },
    );
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'through fd 3' });
  });

  test('--timeout: the container is killed when the time is over', async () => {
    await podman().runDetached('--name', 'late', '--timeout', '5', 'box', 'sleep', '1000');
    assert.equal(await podman().ok('wait', 'late'), '-1');
    await until(
      'late exited',
      async () => (await podman().inspect('late', '{{.State.Status}}')) === 'exited',
    );
  });

  test('SIGTERM to conmon reaches the container, whose exit code is kept', async () => {
    await podman().runDetached('--name', 'heir', 'box', 'sh', '-c', waitsForTerm);
    await podman().untilLogged('heir', 'ready');
    process.kill((await podman().readConmon('heir')).pid, 'SIGTERM');
    assert.equal(await podman().ok('wait', 'heir'), '19');
  });

  test('a container that another one’s removal leaves alone goes on', async () => {
    await mkdir(join(podman().directory, 'tmp/shared'), { recursive: true });
    await podman().runDetached('--name', 'stays', 'box', 'sleep', '1000');
    await podman().runDetached('--name', 'goes', 'box', 'sleep', '1000');
    await podman().ok('rm', '--force', '--time', '0', 'goes');
    assert.equal(await podman().ok('exec', 'stays', 'echo', 'here'), 'here');
    await podman().assertHolds('stays');
  });
});
