// The attach socket: where it is, what clients get, and what their input does.

import { existsSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { waitForEnd, waitForFile } from '../../fixtures/waiting.ts';
import { makeOciContainer } from '../oci-runtime.ts';
import type { Run, RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

type Client = ReturnType<Run['attach']>;

/** CRI-O's way. */
const bySymlink = (stage: Stage) => ({
  '--full-attach': undefined,
  '--socket-dir-path': stage.at('sockets'),
});

/** A container that waits until `clients` lines came from clients, and so knows that they are there. */
const greets = (clients: number) => `for i in $(seq ${clients}); do read line; done;`;

function playWithClients(
  stage: Stage,
  count: number,
  container: string,
  act: (clients: Client[], run: Run) => void,
  options: RunOptions = {},
): void {
  const run = stage.start({ args: ['-i'], ...options, container: `${greets(count)} ${container}` });
  run.launched();
  run.answer();
  const clients = Array.from({ length: count }, () => run.attach());
  for (const client of clients) client.send('here\n');
  act(clients, run);
  for (const client of clients) client.close();
  run.end();
}

function noteOutput(stage: Stage, clients: readonly Client[]): void {
  for (const [index, client] of clients.entries()) {
    const { stdout, stderr } = client.receiveAll();
    stage.note(`client ${index}`, `${stdout.toString('latin1')}--\n${stderr.toString('latin1')}`);
  }
}

function noteSizes(stage: Stage, client: Client): void {
  const sizes: string[] = [];
  for (let packet = client.receive(); packet; packet = client.receive())
    sizes.push(`${packet.stream} ${packet.data.length}`);
  stage.note('packets', sizes.join('\n'));
}

export const attach: readonly Scenario[] = [
  {
    name: 'attach/socket-while-running',
    play: stage => {
      const run = stage.start({ args: ['-i'], container: 'read x; exit 3' });
      run.launched();
      run.answer();
      stage.note('files while it runs', stage.tree());
      const client = run.attach();
      client.send('x\n');
      run.end();
      client.close();
    },
  },
  {
    name: 'attach/by-symlink',
    play: stage => {
      const run = stage.start({ args: ['-i'], options: bySymlink(stage), container: 'read x; echo got $x' });
      run.launched();
      run.answer();
      const link = run.socketLink();
      stage.note('link', `${existsSync(link)} ${readlinkSync(link)}`);
      const client = run.attach(`${link}/attach`);
      client.send('x\n');
      noteOutput(stage, [client]);
      client.close();
      run.end();
    },
  },
  {
    name: 'attach/by-symlink-of-107-bytes',
    play: stage => {
      const sockets = stage.at('sockets'.padEnd(107 - 65 - stage.dir.length - 1, 's'));
      mkdirSync(sockets, { recursive: true });
      const run = stage.start({
        args: ['-i'],
        options: { ...bySymlink(stage), '--socket-dir-path': sockets },
        container: 'read x',
      });
      run.launched();
      run.answer();
      stage.note('files while it runs', stage.tree());
      const client = run.attach();
      client.send('x\n');
      client.close();
      run.end();
    },
  },
  {
    name: 'attach/leftovers-are-replaced',
    play: stage => {
      symlinkSync('/nowhere', stage.at('bundle/attach'));
      stage.play();
    },
  },
  {
    name: 'attach/a-file-is-in-the-way',
    play: stage => {
      stage.write('bundle/attach', 'precious\n');
      stage.play();
    },
  },
  {
    name: 'attach/output',
    play: stage =>
      playWithClients(stage, 1, 'echo out; read more; echo err >&2', ([client]) => {
        const first = client!.receive();
        client!.send('more\n');
        stage.note('first packet', `${first?.stream} ${first?.data}`);
        noteOutput(stage, [client!]);
      }),
  },
  {
    name: 'attach/three-clients',
    play: stage => playWithClients(stage, 3, 'echo out; exit 2', clients => noteOutput(stage, clients)),
  },
  {
    name: 'attach/packets',
    play: stage =>
      playWithClients(stage, 1, `exec perl -e 'syswrite STDOUT, "x" x 20000'`, ([client]) =>
        noteSizes(stage, client!),
      ),
  },
  {
    name: 'attach/packet-of-many-lines',
    play: stage =>
      playWithClients(stage, 1, `exec perl -e 'syswrite STDOUT, "x\\n" x 5000'`, ([client]) =>
        noteSizes(stage, client!),
      ),
  },
  {
    name: 'attach/much-output',
    play: stage =>
      playWithClients(
        stage,
        2,
        'head -c 3000000 /dev/zero',
        clients => {
          // One at a time would do as a test of a client that does not read for a while; but not for C conmon.
          let counts = [0, 0];
          let open = [true, true];
          while (open.some(Boolean)) {
            const packets = clients.map((client, i) => (open[i] ? client.receive() : undefined));
            open = packets.map(packet => packet !== undefined);
            counts = counts.map((count, i) => count + (packets[i]?.data.length ?? 0));
          }
          stage.note('bytes', counts.join(' '));
        },
        { options: { '-l': 'none' } },
      ),
  },
  {
    name: 'attach/half-close-ends-stdin',
    play: stage =>
      playWithClients(stage, 1, 'cat; echo end', ([client]) => {
        client!.send('hello\n');
        client!.endInput();
        noteOutput(stage, [client!]);
      }),
  },
  {
    name: 'attach/close-ends-stdin',
    play: stage =>
      playWithClients(stage, 1, 'cat; echo end', ([client]) => {
        client!.send('hello\n');
        client!.close();
      }),
  },
  {
    name: 'attach/one-of-two-ends-stdin',
    play: stage =>
      playWithClients(stage, 2, 'echo ready; cat; echo end', ([first, second]) => {
        // Only now are both greetings taken: packets of two clients have no order among them.
        for (const client of [first!, second!]) stage.note('ready', String(client.receive()?.data));
        first!.send('hello\n');
        first!.endInput();
        noteOutput(stage, [first!, second!]);
      }),
  },
  {
    name: 'attach/leave-stdin-open',
    play: stage =>
      playWithClients(
        stage,
        1,
        'read x; echo $x; read x; echo $x',
        ([client], run) => {
          client!.send('one\n');
          stage.note('first', String(client!.receive()?.data));
          client!.endInput();
          const second = run.attach();
          second.send('two\n');
          noteOutput(stage, [second]);
          second.close();
        },
        { args: ['-i', '--leave-stdin-open'] },
      ),
  },
  {
    name: 'attach/without-stdin',
    play: stage => {
      stage.makeGate('gate');
      const run = stage.start({ container: 'cat; echo end; read x <"$DIR/gate"; echo more' });
      run.launched();
      run.answer();
      const client = run.attach();
      client.send('nobody takes this\n');
      client.endInput();
      stage.openGate('gate');
      stage.note(
        'client ends',
        String(client.receiveAll().stdout).endsWith('more\n') ? 'with the output' : 'otherwise',
      );
      client.close();
      run.end();
    },
  },
  {
    name: 'attach/empty-packet',
    play: stage =>
      playWithClients(stage, 1, 'read x; echo "got $x"', ([client]) => {
        client!.send('');
        client!.send('hello\n');
        noteOutput(stage, [client!]);
      }),
  },
  {
    name: 'attach/stdin-larger-than-the-pipe',
    play: stage => {
      stage.makeGate('gate');
      playWithClients(stage, 1, 'read x <"$DIR/gate"; wc -c', ([client]) => {
        for (let i = 0; i < 4; i++) client!.send(Buffer.alloc(32 * 1024, 'x'));
        stage.openGate('gate');
        client!.endInput();
        noteOutput(stage, [client!]);
      });
    },
  },
  {
    name: 'attach/32-KiB-packets',
    play: stage =>
      playWithClients(stage, 1, 'md5sum', ([client]) => {
        for (let i = 0; i < 40; i++) client!.send(Buffer.alloc(32 * 1024, String(i)));
        client!.endInput();
        noteOutput(stage, [client!]);
      }),
  },
  {
    name: 'attach/client-goes-while-output-comes',
    play: stage =>
      playWithClients(
        stage,
        2,
        'read x; echo one; read x; echo two',
        ([first, second]) => {
          first!.close();
          second!.send('a\nb\n');
          noteOutput(stage, [second!]);
        },
        { args: ['-i', '--leave-stdin-open'] },
      ),
  },
  {
    name: 'attach/unread-input-at-the-end',
    play: stage => {
      playWithClients(
        stage,
        1,
        'read x <"$DIR/gate"; echo last',
        ([client], run) => {
          stage.openGate('gate');
          const monitor = run.monitor();
          client!.send('never read\n');
          waitForEnd(monitor);
          noteOutput(stage, [client!]);
        },
        { env: {}, before: ['/bin/sh', '-c', 'mkfifo "$DIR/gate"; exec "$0" "$@"'] },
      );
    },
  },
  {
    name: 'attach/socket-is-gone-at-the-end',
    play: stage =>
      playWithClients(stage, 1, 'echo bye', ([client]) => {
        client!.receiveAll();
        stage.note('socket', existsSync(stage.at('bundle/attach')) ? 'is there' : 'is gone');
        stage.noteLog();
      }),
  },
  {
    name: 'attach/terminal',
    needs: 'terminals',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'read x; echo "got $x"; exit 5'],
        terminal: true,
      });
      const run = stage.start({ args: ['-t'], options: container.options });
      run.launched();
      run.answer();
      stage.note('temporary files', stage.tree('tmp'));
      const client = run.attach();
      client.send('hello\n');
      container.start();
      noteOutput(stage, [client]);
      client.close();
      run.end();
    },
  },
  {
    name: 'attach/terminal-end-of-input',
    needs: 'terminals',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'cat; echo end'],
        terminal: true,
      });
      const run = stage.start({ args: ['-t', '-i'], options: container.options });
      run.launched();
      run.answer();
      const client = run.attach();
      container.start();
      client.send('hello\n\x04');
      noteOutput(stage, [client]);
      client.close();
      run.end();
    },
  },
  {
    name: 'attach/oci-container',
    needs: 'terminals',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'read x; echo "out $x"; exit 5'],
      });
      const run = stage.start({ args: ['-i'], options: container.options });
      run.launched();
      run.answer();
      waitForFile(stage.at('bundle/attach'));
      const client = run.attach();
      container.start();
      client.send('hello\n');
      noteOutput(stage, [client]);
      client.close();
      run.end();
    },
  },
];
