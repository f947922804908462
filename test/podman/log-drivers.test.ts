// The log drivers that are no file; logs.test.ts has those of a file and none.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { Journal } from '../journald/harness/journal.ts';
import { assertSameText } from './harness/assert-same-text.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

let journal: Journal;

before(async () => {
  journal = await Journal.create();
  await journal.start();
});
after(() => journal.close());

underEachConmon(
  'log driver journald',
  podman => {
    const options = ['--name', 'writer', '--log-driver', 'journald'];
    const runToEnd = async (script: string, ...more: string[]) => {
      const id = await podman().runDetached(...options, ...more, 'box', 'sh', '-c', script);
      await podman().ok('wait', 'writer');
      return id;
    };
    const logs = async () => {
      await journal.sync(); // podman reads the journal's files as they are
      return podman().call(['logs', 'writer']);
    };

    test('podman logs gives both streams, apart and in order', async () => {
      await runToEnd('echo one; echo wrong >&2; echo two');
      const { stdout, stderr } = await logs();
      assert.deepEqual({ stdout, stderr }, { stdout: 'one\ntwo\n', stderr: 'wrong\n' });
    });

    test('the foreground shows the output, and the exit code is the command’s', async () => {
      const script = 'echo shown; echo wrong >&2; exit 3';
      const { exitCode, stdout, stderr } = await podman().call([
        'run',
        ...options,
        'box',
        'sh',
        '-c',
        script,
      ]);
      assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 3, stdout: 'shown\n', stderr: 'wrong\n' });
      assert.equal((await logs()).stdout, 'shown\n');
    });

    test('an entry names its container, and its priority is the stream’s', async () => {
      const id = await runToEnd('echo out; echo wrong >&2', '--log-opt', 'tag=the-tag');
      const entries = await journal.entries({ CONTAINER_ID_FULL: id });
      const names = ['CONTAINER_ID', 'CONTAINER_NAME', 'CONTAINER_TAG', 'SYSLOG_IDENTIFIER'];
      const seen = entries.map(entry => names.map(name => entry[name]));
      const expected = [id.slice(0, 12), 'writer', 'the-tag', 'the-tag'];
      assert.deepEqual(seen, [expected, expected]);
      assert.deepEqual(
        entries.map(({ PRIORITY, MESSAGE }) => [PRIORITY, MESSAGE?.trimEnd()]),
        [
          ['6', 'out'],
          ['3', 'wrong'],
        ],
      );
    });

    test('5,000 lines come back, none missing or twice', async () => {
      await runToEnd('seq 1 5000');
      const { stdout } = await logs();
      assertSameText(stdout, `${Array.from({ length: 5000 }, (_, i) => i + 1).join('\n')}\n`);
    });

    test('what a terminal showed comes back', async () => {
      await runToEnd('echo shown', '-t');
      assert.equal((await logs()).stdout, 'shown\r\n');
    });
  },
  { enter: () => journal.enter },
);

underEachConmon('log driver passthrough', podman => {
  const passthrough = ['--name', 'writer', '--log-driver', 'passthrough'];
  const script = 'echo out; echo wrong >&2; cat; exit 3';

  test('foreground: podman’s own input and outputs are the container’s, and so is the exit code', async () => {
    const answer = await podman().call(['run', ...passthrough, 'box', 'sh', '-c', script], { input: 'in\n' });
    const { exitCode, stdout, stderr } = answer;
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 3, stdout: 'out\nin\n', stderr: 'wrong\n' });
  });

  test('-d: podman returns, and the container goes on with podman’s input and outputs', async () => {
    const running = podman().start(['run', '-d', ...passthrough, 'box', 'sh', '-c', script], {
      input: 'in\n',
    });
    // Ends when the last that holds its outputs has ended, which is the container or its conmon.
    const { exitCode, stdout, stderr } = await running;
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: 'out\nin\n', stderr: 'wrong\n' });
    assert.equal(await podman().ok('wait', 'writer'), '3');
  });

  test('there is no attach socket and no log, and exec works', async () => {
    const script = 'mkfifo /go; cat /go';
    const running = podman().start(['run', '-d', ...passthrough, 'box', 'sh', '-c', script]);
    await until('the container running', async () => {
      const { stdout } = await podman().call(['inspect', '--format', '{{.State.Status}}', 'writer']);
      return stdout === 'running\n';
    });
    await podman().assertHolds('writer');
    const bundle = dirname(await podman().inspect('writer', '{{.OCIConfigPath}}'));
    assert.equal(existsSync(join(bundle, 'attach')), false);
    const { exitCode, stderr } = await podman().call(['logs', 'writer']);
    assert.equal(exitCode, 125);
    assert.match(stderr, /passthrough/);
    await podman().writeToGo('writer', 'gone');
    assert.equal((await running).stdout, 'gone\n');
  });
});
