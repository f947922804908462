import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { Terminal } from './harness/terminal.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

underEachConmon('run', podman => {
  test('foreground: standard output and standard error arrive apart, whole and in order', async () => {
    const { exitCode, stdout, stderr } = await podman().call([
      'run',
      '--rm',
      'box',
      'sh',
      '-c',
      'echo one; echo wrong >&2; printf two',
    ]);
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: 'one\ntwo', stderr: 'wrong\n' });
  });

  test('foreground, --rm: the container is gone afterwards', async () => {
    await podman().ok('run', '--rm', '--name', 'brief', 'box', 'true');
    await until('the container removed', async () => (await podman().ok('ps', '-a', '-q')) === '');
  });

  test('-d: podman returns with the id while the container runs, held by this conmon', async () => {
    const id = await podman().runDetached('--name', 'background', 'box', 'sleep', '1000');
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(await podman().inspect('background', '{{.State.Status}}'), 'running');
    await podman().assertHolds('background');
  });

  test('-d --rm: the container is removed when it has ended', async () => {
    await podman().runDetached('--rm', 'box', 'sh', '-c', 'exit 3');
    await until('the container removed', async () => (await podman().ok('ps', '-a', '-q')) === '');
  });

  test('without -i: the container reads the end of its input at once', async () => {
    const { exitCode, stdout } = await podman().call(['run', '--rm', 'box', 'sh', '-c', 'cat; echo end'], {
      input: 'lost',
    });
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'end\n' });
  });

  test('-i: what is piped in arrives, and its end too', async () => {
    const { exitCode, stdout } = await podman().call(
      ['run', '--rm', '-i', 'box', 'sh', '-c', 'cat; echo end'],
      {
        input: 'one\ntwo\n',
      },
    );
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'one\ntwo\nend\n' });
  });

  test('-i: a megabyte goes in and comes back unharmed', async () => {
    const input = randomBytes(1_000_000);
    const { exitCode, stdout } = await podman().callForBytes(['run', '--rm', '-i', 'box', 'cat'], { input });
    assert.equal(exitCode, 0);
    assert.ok(input.equals(stdout));
  });

  test('-t: the container has a terminal of the size of ours, and follows when ours changes', async () => {
    const terminal = new Terminal(
      podman(),
      [
        'run',
        '--rm',
        '-it',
        'box',
        'sh',
        '-c',
        'tty; read go; stty size; trap "stty size" WINCH; echo set; while [ "$x" != end ]; do read x; done; exit 5',
      ],
      { rows: 31, cols: 97 },
    );
    try {
      await terminal.shows(/\/dev\/pts\/0\r\n/);
      terminal.type('go\r');
      await terminal.shows(/31 97\r\nset\r\n/);
      terminal.resize(40, 120);
      await terminal.shows(/40 120\r\n/);
      terminal.type('end\r');
      assert.equal(await terminal.exitCode, 5);
    } finally {
      terminal.close();
    }
  });

  test('-t without -i: output has carriage returns, and the exit code is the command’s', async () => {
    const terminal = new Terminal(podman(), [
      'run',
      '--rm',
      '-t',
      'box',
      'sh',
      '-c',
      'echo one; echo two >&2; exit 9',
    ]);
    try {
      assert.equal(await terminal.exitCode, 9);
      assert.equal(terminal.screen, 'one\r\ntwo\r\n');
    } finally {
      terminal.close();
    }
  });

  test('-t: Ctrl-C typed at the terminal interrupts the command in it', async () => {
    const terminal = new Terminal(podman(), [
      'run',
      '--rm',
      '-it',
      'box',
      'sh',
      '-c',
      'trap "exit 33" INT; echo ready; sleep 1000 & wait',
    ]);
    try {
      await terminal.shows(/ready/);
      terminal.type('\x03');
      assert.equal(await terminal.exitCode, 33);
    } finally {
      terminal.close();
    }
  });

  test('-d -t: the log holds what was written to the terminal, as standard output', async () => {
    await podman().runDetached('--name', 'screen', '-t', 'box', 'sh', '-c', 'echo shown; echo too >&2');
    await podman().ok('wait', 'screen');
    assert.match(await podman().readLogFile('screen'), /^\S+ stdout F shown\r\n\S+ stdout F too\r\n$/);
  });

  test('a container of every name and label it can have starts', async () => {
    await podman().ok(
      'run',
      '--rm',
      '--name',
      'a.b_c-D',
      '--label',
      'k=v w',
      '--hostname',
      'h',
      'box',
      'true',
    );
  });
});
