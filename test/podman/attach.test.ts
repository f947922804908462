import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { listOpenFiles } from '../fixtures/open-files.ts';
import { until } from '../fixtures/waiting.ts';
import { assertSameText } from './harness/assert-same-text.ts';
import type { PodmanHome } from './harness/podman-home.ts';
import { Terminal } from './harness/terminal.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

const detachKeys = '\x10\x11'; // Ctrl-P, Ctrl-Q: Podman's default

// Podman 4.3's attach ends with a newline of its own, and with 0 whatever the container's exit code.
underEachConmon('attach', podman => {
  test('a container with -i gets what the client sends, and its end', async () => {
    await podman().runDetached('--name', 'reader', '-i', 'box', 'sh', '-c', 'cat; echo end; exit 6');
    const { exitCode, stdout } = await podman().call(['attach', 'reader'], { input: 'one\ntwo\n' });
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'one\ntwo\nend\n\n' });
    assert.equal(await podman().ok('wait', 'reader'), '6');
    assert.equal(await podman().ok('logs', 'reader'), 'one\ntwo\nend');
  });

  test('output and errors written after the client came arrive apart', async () => {
    await podman().runDetached(
      '--name',
      'talker',
      '-i',
      'box',
      'sh',
      '-c',
      'read go; echo out; echo wrong >&2',
    );
    const { stdout, stderr } = await podman().call(['attach', 'talker'], { input: 'go\n' });
    assert.deepEqual({ stdout, stderr }, { stdout: 'out\n\n', stderr: 'wrong\n' });
  });

  test('two clients see the same output', async () => {
    await podman().runDetached('--name', 'talker', 'box', 'sh', '-c', 'mkfifo /go; cat /go; seq 1 3000');
    const clients = [1, 2].map(() => podman().start(['attach', '--no-stdin', 'talker']));
    await untilConnected(podman(), 'talker', clients.length);
    await podman().writeToGo('talker', 'start');
    const expected = `start\n${Array.from({ length: 3000 }, (_, i) => i + 1).join('\n')}\n\n`;
    for (const { stdout } of await Promise.all(clients)) assertSameText(stdout, expected);
  });

  test('a client that is killed leaves the container and the other client as they are', async () => {
    await podman().runDetached(
      '--name',
      'talker',
      'box',
      'sh',
      '-c',
      'mkfifo /go; cat /go; echo after; exit 8',
    );
    const [killed, kept] = [
      podman().start(['attach', '--no-stdin', 'talker']),
      podman().start(['attach', '--no-stdin', 'talker']),
    ];
    await untilConnected(podman(), 'talker', 2);
    killed.kill('SIGKILL');
    await killed;
    await podman().writeToGo('talker', 'go');
    const { exitCode, stdout } = await kept;
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'go\nafter\n\n' });
    assert.equal(await podman().ok('wait', 'talker'), '8');
  });

  test('terminal: the detach keys give podman 0, the container goes on, and one can attach again', async () => {
    const first = new Terminal(podman(), ['run', '--name', 'shell', '-it', 'box', 'sh']);
    let second: Terminal | undefined;
    try {
      await first.shows(/# /);
      first.type('echo fir""st\r');
      await first.shows(/first\r\n/);
      assert.equal(await first.detach(detachKeys), 0);
      assert.equal(await podman().inspect('shell', '{{.State.Status}}'), 'running');
      await podman().assertHolds('shell');

      second = new Terminal(podman(), ['attach', 'shell'], { rows: 50, cols: 132 });
      await untilConnected(podman(), 'shell', 1);
      // The size goes over the control fifo, the words over the socket: nothing orders the one before the other.
      // The keys of an attempt to detach that did not take may be on the line: ^U empties it.
      second.type('\x15until stty size | grep "^50 132"; do sleep 0.1; done; echo sec""ond\r');
      await second.shows(/50 132\r\nsecond\r\n/);
      second.type('exit 12\r');
      assert.equal(await second.exitCode, 0);
      assert.equal(await podman().ok('wait', 'shell'), '12');
      assert.match(await podman().ok('logs', 'shell'), /first\r\n[\s\S]*second\r\n/);
    } finally {
      first.close();
      second?.close();
    }
  });

  test('terminal: detach keys of one’s own choice', async () => {
    const terminal = new Terminal(podman(), [
      'run',
      '--name',
      'shell',
      '-it',
      '--detach-keys',
      'ctrl-x,x',
      'box',
      'sh',
    ]);
    try {
      await terminal.shows(/# /);
      assert.equal(await terminal.detach('\x18x'), 0);
      assert.equal(await podman().inspect('shell', '{{.State.Status}}'), 'running');
    } finally {
      terminal.close();
    }
  });

  test('start --attach shows the output and gives the exit code', async () => {
    await podman().ok('create', '--name', 'later', '-i', 'box', 'sh', '-c', 'cat; exit 21');
    const { exitCode, stdout } = await podman().call(['start', '--attach', '--interactive', 'later'], {
      input: 'text',
    });
    assert.deepEqual({ exitCode, stdout }, { exitCode: 21, stdout: 'text' });
  });
});

/** Waits until so many clients are connected to the container's attach socket, as the kernel's list shows them. */
async function untilConnected(podman: PodmanHome, container: string, clients: number): Promise<void> {
  const { pid } = await podman.readConmon(container);
  await until(`${clients} clients attached to ${container}`, () => {
    const inodes = new Set(
      readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .filter(line => line.includes('/attach'))
        .map(line => line.split(/\s+/).slice(4, 7))
        .filter(([type, state]) => type === '0005' && state === '03')
        .map(([, , inode]) => `socket:[${inode}]`),
    );
    return listOpenFiles(pid).filter(({ target }) => inodes.has(target)).length === clients;
  });
}
