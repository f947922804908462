import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { assertSameText } from './harness/assert-same-text.ts';
import type { PodmanHome } from './harness/podman-home.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

const stamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}[+-]\d{2}:\d{2}$/;

underEachConmon('logs', podman => {
  const runToEnd = async (script: string, ...options: string[]) => {
    await podman().runDetached('--name', 'writer', ...options, 'box', 'sh', '-c', script);
    await podman().ok('wait', 'writer');
  };

  test('standard output and standard error come back apart, whole and in order', async () => {
    await runToEnd('echo one; echo wrong >&2; echo two');
    const { stdout, stderr } = await podman().call(['logs', 'writer']);
    assert.deepEqual({ stdout, stderr }, { stdout: 'one\ntwo\n', stderr: 'wrong\n' });
  });

  test('the file has a line a record: time with nine digits and an offset, stream, F, text', async () => {
    await runToEnd('echo one two');
    const [time, ...rest] = (await podman().readLogFile('writer')).split(' ');
    assert.match(time!, stamp);
    assert.deepEqual(rest, ['stdout', 'F', 'one', 'two\n']);
  });

  test('--tail 2 gives the last two lines', async () => {
    await runToEnd('seq 1 5000');
    const { stdout } = await podman().call(['logs', '--tail', '2', 'writer']);
    assert.equal(stdout, '4999\n5000\n');
  });

  test('-t gives each line its time', async () => {
    await runToEnd('echo one; echo two');
    const lines = (await podman().ok('logs', '-t', 'writer')).split('\n').map(line => line.split(' '));
    assert.deepEqual(
      lines.map(([, text]) => text),
      ['one', 'two'],
    );
    for (const [time] of lines) assert.ok(!Number.isNaN(Date.parse(time!)), `${time}`);
  });

  test('a line without a newline comes back', async () => {
    await runToEnd('printf "no newline"');
    assert.equal(await podman().ok('logs', 'writer'), 'no newline');
  });

  test('parts of a line written one after the other come back as one line', async () => {
    await runToEnd('printf one; cat /proc/uptime > /dev/null; printf " two"; echo " three"; echo four');
    assert.equal((await podman().call(['logs', 'writer'])).stdout, 'one two three\nfour\n');
  });

  test('a line of 20,000 characters comes back as one line', async () => {
    await runToEnd('head -c 20000 /dev/zero | tr "\\0" x; echo; echo after');
    assert.equal((await podman().call(['logs', 'writer'])).stdout, `${'x'.repeat(20_000)}\nafter\n`);
  });

  test('bytes that are no UTF-8 come back as they were', async () => {
    await runToEnd('printf "\\377\\000\\200 end\\n"');
    const { stdout } = await podman().callForBytes(['logs', 'writer']);
    assert.deepEqual(Buffer.from(stdout), Buffer.from([0xff, 0, 0x80, 0x20, 0x65, 0x6e, 0x64, 0x0a]));
  });

  test('-f: what is written while one follows arrives, and following ends with the container', async () => {
    await podman().runDetached(
      '--name',
      'writer',
      'box',
      'sh',
      '-c',
      'mkfifo /go; echo first; cat /go; echo last; exit 4',
    );
    await podman().untilLogged('writer', 'first');
    const following = follow(podman(), 'writer');
    await following.until('first\n');
    await podman().writeToGo('writer', 'middle');
    assert.equal(await following.whole, 'first\nmiddle\nlast\n');
  });

  test('-f: 20,000 lines written while one follows arrive, none missing or twice', async () => {
    const script = 'mkfifo /go; echo ready; cat /go; seq 1 20000; cat /go';
    await podman().runDetached('--name', 'writer', 'box', 'sh', '-c', script);
    await podman().untilLogged('writer', 'ready');
    const following = follow(podman(), 'writer');
    await following.until('ready\n');
    await podman().writeToGo('writer', 'start');
    // Podman 4.3 leaves lines out that it had not read when the container ended.
    await following.until('\n20000\n');
    await podman().writeToGo('writer', 'end');
    const lines = Array.from({ length: 20_000 }, (_, i) => i + 1).join('\n');
    assertSameText(await following.whole, `ready\nstart\n${lines}\nend\n`);
  });

  test('a restarted container writes on in the same log', async () => {
    await runToEnd('echo again');
    await podman().ok('start', 'writer');
    await podman().ok('wait', 'writer');
    assert.equal(await podman().ok('logs', 'writer'), 'again\nagain');
  });

  test('--log-opt max-size: the file never exceeds it, and holds the newest lines', async () => {
    await runToEnd('seq 1 20000', '--log-driver', 'k8s-file', '--log-opt', 'max-size=20kb');
    const { size } = statSync(await podman().inspect('writer', '{{.HostConfig.LogConfig.Path}}'));
    assert.ok(size > 0 && size <= 20_000, `${size}`);
    assert.match(await podman().readLogFile('writer'), / stdout F 20000\n$/);
  });

  test('--log-driver none: nothing is kept, and podman says so', async () => {
    await podman().runDetached('--name', 'writer', '--log-driver', 'none', 'box', 'echo', 'unseen');
    assert.equal(await podman().ok('wait', 'writer'), '0');
    const { exitCode, stderr } = await podman().call(['logs', 'writer']);
    assert.equal(exitCode, 125);
    assert.match(stderr, /none/);
  });

  test('--log-driver none: a foreground container still shows its output', async () => {
    assert.equal(await podman().ok('run', '--rm', '--log-driver', 'none', 'box', 'echo', 'seen'), 'seen');
  });

  test('death to cleaned state: ps -a shows Exited with the code, and the log is complete', async () => {
    await podman().runDetached('--name', 'writer', 'box', 'sh', '-c', 'seq 1 1000; exit 17');
    const status = await until('the container cleaned up', async () => {
      const text = await podman().ok('ps', '-a', '--filter', 'name=writer', '--format', '{{.Status}}');
      return text.startsWith('Exited') ? text : undefined;
    });
    assert.match(status, /^Exited \(17\) /);
    assert.match(await podman().readLogFile('writer'), / stdout F 1000\n$/);
  });
});

/** podman logs -f: waits for what it shows, and for the whole when it has ended. */
function follow(podman: PodmanHome, container: string) {
  const following = podman.start(['logs', '-f', container]);
  let seen = '';
  following.stdout.on('data', text => {
    seen += text;
  });
  return {
    until: (text: string) => until(`"${text}" from podman logs -f`, () => seen.includes(text)),
    whole: following.then(({ stdout }) => stdout),
  };
}
