// What a service manager is told of a container that Podman runs in a unit with Type=notify.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { socatPath } from './harness/machine.ts';
import { NotifySocket } from './harness/notify-socket.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

/** The machine's programs, as busybox has none that sends a datagram to a socket in the file system. */
const withPrograms = ['/usr', '/lib', '/lib64'].flatMap(folder => ['--volume', `${folder}:${folder}:ro`]);
const notify = `${socatPath} -u STDIN UNIX-SENDTO:$NOTIFY_SOCKET`;

underEachConmon('sd-notify', podman => {
  let manager: NotifySocket;

  beforeEach(() => {
    manager = new NotifySocket(join(podman().directory, 'tmp/notify'));
  });
  afterEach(() => manager.close());

  /** Starts the container in the background with a script; returns the pid of its conmon. */
  async function run(mode: string, script: string, ...options: string[]): Promise<number> {
    const { exitCode, stderr } = await podman().call(
      ['run', '-d', '--name', 'service', '--sdnotify', mode, ...options, 'box', 'sh', '-c', script],
      { env: { NOTIFY_SOCKET: manager.path } },
    );
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    await podman().assertHolds('service');
    return (await podman().readConmon('service')).pid;
  }

  test('--sdnotify=container: the manager hears of conmon from podman, and READY=1 from the container alone', async () => {
    const script = `mkfifo /go; echo ready; cat /go; printf 'READY=1\\n' | ${notify}; sleep 1000`;
    const pid = await run('container', script, ...withPrograms);
    await podman().untilLogged('service', 'ready');
    await manager.untilNotified(`MAINPID=${pid}`);
    assert.deepEqual(manager.lines, [`MAINPID=${pid}`]);
    await podman().ok('exec', 'service', 'sh', '-c', 'echo > /go');
    await manager.untilNotified('READY=1');
    assert.deepEqual(manager.lines, [`MAINPID=${pid}`, 'READY=1']);
  });

  test('--sdnotify=container: the container can neither name another main process nor store fds', async () => {
    const sent = 'MAINPID=1\\nFDSTORE=1\\nFDNAME=x\\nSTATUS=working\\nREADY=1\\n';
    const pid = await run('container', `printf '${sent}' | ${notify}; sleep 1000`, ...withPrograms);
    await manager.untilNotified('READY=1');
    // C conmon before 2.2 passes READY=1 and nothing else.
    const relayed = podman().conmon.isReference ? ['READY=1'] : ['STATUS=working', 'READY=1'];
    // Podman and the container tell the manager at the same time.
    await manager.untilNotified(`MAINPID=${pid}`);
    assert.deepEqual(
      manager.lines.filter(line => line !== `MAINPID=${pid}`),
      relayed,
    );
  });

  test('--sdnotify=conmon: conmon is the main process, ready at once, and the container has no socket', async () => {
    const pid = await run('conmon', 'echo "socket: $NOTIFY_SOCKET"; sleep 1000');
    await manager.untilNotified('READY=1');
    assert.deepEqual(manager.lines.toSorted(), [`MAINPID=${pid}`, 'READY=1']);
    await podman().untilLogged('service', 'socket: \n');
  });

  test('--sdnotify=ignore: nothing is said', async () => {
    await run('ignore', 'echo "socket: $NOTIFY_SOCKET"; sleep 1000');
    await podman().untilLogged('service', 'socket: \n');
    manager.receive();
    assert.deepEqual(manager.lines, []);
  });
});
