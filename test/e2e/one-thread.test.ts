// The monitor is one thread from its start to its end: where no process may be made, it misses none.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAttach } from '../fixtures/attach-client.ts';
import { form } from '../fixtures/conmon.ts';
import {
  fixture,
  listChildren,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { withoutPrograms } from '../fixtures/programs.ts';
import { waitUntil } from '../fixtures/waiting.ts';

/** For all of which each client has room in its queue, so that none is waited for. */
const linesCount = 50_000;
const clientsCount = 8;
const reopensCount = 20;
const lastSize = '55 155';
const awaitSize = `until [ "$(stty size)" = '${lastSize}' ]; do :; done`;

/** Of a user of whom there are no other processes, with the right to our files and no other. */
const asSomebody = [
  ...['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'],
  ...['--inh-caps', '--ambient-caps', '--bounding-set'].map(set => `${set}=-all,+dac_override`),
];

// Node.js has threads of its own.
if (form === 'compiled') {
  for (const isTerminal of [false, true])
    test(`one thread: with pids.max at its present count, ${isTerminal ? 'a terminal' : 'pipes'}: a flood, clients, sizes and reopens`, {
      skip: withoutPidsController(),
    }, t => {
      const container = startFlooding(t, isTerminal, []);
      const cgroup = makePidsCgroup(t);
      writeFileSync(join(cgroup, 'cgroup.procs'), String(container.box.monitor));
      writeFileSync(join(cgroup, 'pids.max'), readFileSync(join(cgroup, 'pids.current')));
      container.flood();
      assert.equal(readFileSync(join(cgroup, 'pids.max'), 'utf8'), '1\n');
      container.end();
      assert.match(readFileSync(join(cgroup, 'pids.events'), 'utf8'), /^max 0$/m);
    });

  for (const isTerminal of [false, true])
    test(`one thread: with RLIMIT_NPROC reached, ${isTerminal ? 'a terminal' : 'pipes'}: a flood, clients, sizes and reopens`, {
      skip: withoutUsers() || withoutPrograms('prlimit'),
    }, t => {
      const container = startFlooding(t, isTerminal, asSomebody);
      const [file, ...args] = asSomebody;
      execFileSync(file!, [...args, 'prlimit', '--pid', String(container.box.monitor), '--nproc=1:1']);
      container.flood();
      container.end();
    });

  test('one thread: the launcher makes one process, the monitor one for the runtime and one for the exit command, and none is a thread', {
    skip: withoutStrace(),
  }, t => {
    const [trace, gate] = [join(makeFolder(t), 'trace'), makeGate(t)];
    const box = startMonitored(t, {
      before: [
        'strace',
        '-f',
        '-qq',
        '-e',
        'trace=clone,clone3,fork,vfork,execve',
        '-e',
        'signal=none',
        '-o',
        trace,
      ],
      container: `echo out; read go <${gate}; exit 3`,
      args: ['--exit-command', '/bin/true'],
    });
    box.started();
    const client = connectAttach(box.attachSocket);
    openGate(gate);
    client.receiveAll();
    client.close();
    assert.equal(box.end(), 3);
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .filter(line => line.startsWith(`${box.monitor} `) && !line.includes('resumed>'))
      .map(line => /^\d+ +(\w+)\((.*)/.exec(line)!.slice(1));
    assert.deepEqual(
      calls.map(([call]) => call === 'execve'),
      [false, false],
      'nothing is executed a second time',
    );
    for (const [, args] of calls) assert.doesNotMatch(args!, /CLONE_THREAD/);
  });
}

/** A container whose output is a flood when `flood` lets it, and what callers and clients do meanwhile. */
function startFlooding(t: TestContext, isTerminal: boolean, before: readonly string[]) {
  const [gate, endGate] = [makeGate(t), makeGate(t)];
  const box = startMonitored(t, {
    before,
    runtime: isTerminal ? compileTerminalRuntime(t) : 'runtime-starts-container',
    container: `read go <${gate}; seq ${linesCount}; read go <${endGate}; ${isTerminal ? awaitSize : ':'}; echo last; exit 3`,
    args: isTerminal ? ['-t'] : ['-i'],
  });
  box.started();
  assert.equal(box.caller.wait(), 0);
  const write = (fifo: 'ctl' | 'winsz', line: string) => writeFileSync(join(box.bundle, fifo), `${line}\n`);
  const eol = isTerminal ? '\r\n' : '\n';
  const clients: ReturnType<typeof connectAttach>[] = [];
  return {
    box,
    flood(): void {
      assert.equal(countThreads(box), 1);
      for (let i = 0; i < clientsCount / 2; i++) clients.push(connectAttach(box.attachSocket));
      openGate(gate);
      for (let i = 1; i <= reopensCount; i++) {
        write('ctl', `1 ${20 + i} ${80 + i}`);
        const { ino } = statSync(box.log);
        write('ctl', '2 0 0');
        waitUntil(() => statSync(box.log).ino !== ino, 'a new log');
        if (i % 5 === 0) clients.push(connectAttach(box.attachSocket));
        assert.equal(countThreads(box), 1);
      }
      for (const client of clients) client.send('input\n');
      write('winsz', lastSize);
    },
    end(): void {
      assert.equal(countThreads(box), 1);
      openGate(endGate);
      // A terminal may echo the input of a client that came late after it.
      box.waitForOutput(output => output.includes(`last${eol}`), 'the last line');
      const [client, ...others] = clients;
      for (const other of others) other.close();
      const received = client!.receiveAll().stdout.toString();
      client!.close();
      assert.equal(box.end(), 3);
      assert.equal(readFileSync(box.exitFile, 'utf8'), '3');
      const lines = Array.from({ length: linesCount }, (_, i) => `${i + 1}${eol}`).join('');
      assertPrinted(received, lines, isTerminal ? 'input\r\n'.repeat(clientsCount) : '');
      assert.equal(clients.length, clientsCount);
      assert.deepEqual(listChildren(), []);
    },
  };
}

/** All of `lines` is there, in order. A terminal whose buffer is full echoes input in pieces, with output between them. */
function assertPrinted(received: string, lines: string, echoes: string): void {
  let [at, echoed] = [0, 0];
  for (let i = 0; i < received.length && at < lines.length; i++) {
    if (received[i] === lines[at]) at++;
    else {
      const around = JSON.stringify(received.slice(Math.max(0, i - 40), i + 40));
      assert.ok(echoes.includes(received[i]!), `neither printed nor echoed: at ${i} of ${around}`);
      echoed++;
    }
  }
  assert.equal(at, lines.length, 'a client has all of it');
  assert.ok(echoed <= echoes.length, `${echoed} bytes more than were printed`);
}

function countThreads(box: Monitored): number {
  return readdirSync(`/proc/${box.monitor}/task`).length;
}

function compileTerminalRuntime(t: TestContext): string {
  const path = join(makeFolder(t), 'runtime');
  chmodSync(join(path, '..'), 0o755);
  const args = ['-O1', '-Wall', '-Werror', '-o', path, fixture('runtime-with-terminal.c')];
  execFileSync(process.env['CC'] ?? 'cc', args);
  return path;
}

/** The folder in which cgroups with the controller are made: of version 1, or of version 2. */
function findPidsController(): string | undefined {
  if (existsSync('/sys/fs/cgroup/pids/cgroup.procs')) return '/sys/fs/cgroup/pids';
  const control = '/sys/fs/cgroup/cgroup.subtree_control';
  return existsSync(control) && readFileSync(control, 'utf8').split(/\s/).includes('pids')
    ? '/sys/fs/cgroup'
    : undefined;
}

function withoutPidsController(): string | false {
  const controller = findPidsController();
  if (controller === undefined) return 'needs the pids controller of cgroups';
  const dir = join(controller, `conmon-test-${process.pid}`);
  try {
    mkdirSync(dir);
    rmdirSync(dir);
    return false;
  } catch {
    return 'needs the right to make cgroups';
  }
}

function makePidsCgroup(t: TestContext): string {
  const dir = join(findPidsController()!, `conmon-test-${process.pid}`);
  mkdirSync(dir);
  t.after(() => waitUntil(() => removes(dir), `${dir} to be empty`));
  return dir;
}

function removes(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return false; // what ended in it is on its way out
  }
}

/** Also shows that the limit holds for such a user here. */
function withoutUsers(): string | false {
  const [file = '', ...args] = asSomebody;
  const limited = (count: number) =>
    spawnSync(file, [...args, 'prlimit', `--nproc=${count}:${count}`, 'sh', '-c', '/bin/true; :'], {
      stdio: 'ignore',
    });
  return limited(100).status === 0 && limited(1).status !== 0
    ? false
    : 'needs root, for another user’s processes';
}

function withoutStrace(): string | false {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? false : 'needs strace';
}
