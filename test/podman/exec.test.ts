import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { Terminal } from './harness/terminal.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

underEachConmon('exec', podman => {
  beforeEach(async () => {
    await podman().runDetached('--name', 'host', 'box', 'sleep', '1000');
  });

  test('standard output and standard error arrive apart, and the exit code is the command’s', async () => {
    const { exitCode, stdout, stderr } = await podman().call([
      'exec',
      'host',
      'sh',
      '-c',
      'echo out; echo wrong >&2; exit 42',
    ]);
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 42, stdout: 'out\n', stderr: 'wrong\n' });
  });

  for (const code of [0, 1, 255])
    test(`a command that exits with ${code} gives ${code}`, async () => {
      assert.equal((await podman().call(['exec', 'host', 'sh', '-c', `exit ${code}`])).exitCode, code);
    });

  test('a command killed by SIGKILL gives 137', async () => {
    assert.equal((await podman().call(['exec', 'host', 'sh', '-c', 'kill -KILL $$'])).exitCode, 137);
  });

  test('a command that is not there gives 127, and the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['exec', 'host', 'no-such-command']);
    assert.equal(exitCode, 127);
    assert.match(stderr, /executable file not found in \$PATH/);
  });

  test('a path that is not there gives 127', async () => {
    assert.equal((await podman().call(['exec', 'host', '/no/such/command'])).exitCode, 127);
  });

  test('a directory as the command gives 126, and the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['exec', 'host', '/etc']);
    assert.equal(exitCode, 126);
    assert.match(stderr, /permission denied/i);
  });

  test('a working directory that is not there is an error in the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['exec', '--workdir', '/nowhere', 'host', 'true']);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /\/nowhere/);
  });

  test('without -i: the command reads the end of its input at once', async () => {
    assert.equal(
      (await podman().call(['exec', 'host', 'sh', '-c', 'cat; echo end'], { input: 'lost' })).stdout,
      'end\n',
    );
  });

  test('-i: what is piped in arrives, and its end too', async () => {
    const { stdout } = await podman().call(['exec', '-i', 'host', 'sh', '-c', 'cat; echo end'], {
      input: 'one\n',
    });
    assert.equal(stdout, 'one\nend\n');
  });

  test('-i: three megabytes arrive unharmed', async () => {
    const input = randomBytes(3_000_000);
    const { stdout } = await podman().call(['exec', '-i', 'host', 'sha256sum'], { input });
    assert.equal(stdout.split(' ')[0], createHash('sha256').update(input).digest('hex'));
  });

  test('-i: three megabytes go in and come back unharmed', async () => {
    const input = randomBytes(3_000_000);
    const { exitCode, stdout } = await podman().callForBytes(['exec', '-i', 'host', 'cat'], { input });
    assert.equal(exitCode, 0);
    assert.ok(input.equals(stdout));
  });

  test('-t: the command has a terminal of the size of ours', async () => {
    const terminal = new Terminal(podman(), ['exec', '-it', 'host', 'sh'], { rows: 33, cols: 99 });
    try {
      await terminal.shows(/# /);
      terminal.type('until stty size | grep "^33 99"; do sleep 0.1; done; tty\r');
      await terminal.shows(/33 99\r\n\/dev\/pts\/\d+\r\n/);
      terminal.resize(44, 111);
      // The size comes another way than the words. A trap would not tell: busybox does not call it while it edits a line.
      terminal.type('until stty size | grep "^44 111"; do sleep 0.1; done\r');
      await terminal.shows(/44 111\r\n/);
      terminal.type('exit 14\r');
      assert.equal(await terminal.exitCode, 14);
    } finally {
      terminal.close();
    }
  });

  test('-t without -i: output has carriage returns', async () => {
    const terminal = new Terminal(podman(), ['exec', '-t', 'host', 'sh', '-c', 'echo one; exit 2']);
    try {
      assert.equal(await terminal.exitCode, 2);
      assert.equal(terminal.screen, 'one\r\n');
    } finally {
      terminal.close();
    }
  });

  test('-t: detach keys leave the command running', async () => {
    const terminal = new Terminal(podman(), [
      'exec',
      '-it',
      'host',
      'sh',
      '-c',
      'mkfifo /go; echo ready; cat /go; echo done > /went; cat /went > /go',
    ]);
    try {
      await terminal.shows(/ready/);
      // Podman 4.3 takes that for an error, unlike in run and attach.
      assert.equal(await terminal.detach('\x10\x11'), 255);
      await terminal.shows(/detached from container/);
      assert.equal(await podman().ok('exec', 'host', 'sh', '-c', 'echo go > /go; cat /go'), 'done');
    } finally {
      terminal.close();
    }
  });

  test('-d: podman returns at once, and the command runs', async () => {
    await podman().ok('exec', 'host', 'mkfifo', '/done');
    await podman().ok('exec', '-d', 'host', 'sh', '-c', 'echo finished > /done');
    assert.equal(await podman().ok('exec', 'host', 'cat', '/done'), 'finished');
  });

  test('-d: a command that is not there is an error in the words of the runtime', async () => {
    const { exitCode, stderr } = await podman().call(['exec', '-d', 'host', 'no-such-command']);
    assert.equal(exitCode, 125);
    assert.match(stderr, /executable file not found in \$PATH/);
  });

  test('--preserve-fds: fd 3 is handed to the command', async () => {
    const { exitCode, stdout } = await podman().call(
      ['exec', '--preserve-fds', '1', 'host', 'sh', '-c', 'cat <&3'],
      {
        atFd3: 'through fd 3',
      },
    );
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'through fd 3' });
  });

  test('environment and working directory are the asked ones', async () => {
    const answer = await podman().ok(
      'exec',
      '--env',
      'WORD=a b',
      '--workdir',
      '/tmp',
      'host',
      'sh',
      '-c',
      'echo "$WORD $PWD"',
    );
    assert.equal(answer, 'a b /tmp');
  });

  test('twenty at once each get their own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        podman().call(['exec', 'host', 'sh', '-c', `echo ${i}; exit ${i}`]),
      ),
    );
    assert.deepEqual(
      answers.map(({ exitCode, stdout }) => ({ exitCode, stdout })),
      answers.map((_, i) => ({ exitCode: i, stdout: `${i}\n` })),
    );
  });
});
