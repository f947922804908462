// What the library waits for in the kernel ends with the program that uses it, however that comes to its end, and no
// program waits for it.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { kernel } from '../../src/manager/kernel/choose.ts';
import { identifyProcess } from '../../src/manager/processes/processes.ts';
import { SOCK_CLOEXEC, SOCK_SEQPACKET } from '../../src/sys/constants.ts';
import { EMFILE } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { makeFolder } from '../fixtures/monitored.ts';
import { listOpenFiles } from '../fixtures/open-files.ts';
import { hangMs, waitReadable } from '../fixtures/waiting.ts';
import { needsRoot, runWithoutInotify } from '../fixtures/without-inotify.ts';
import { conmons } from './manager-harness.ts';

const source = join(import.meta.dirname, '../../src');
const imports = `
  import { kernel } from '${source}/manager/kernel/choose.ts';
  import { identifyProcess } from '${source}/manager/processes/processes.ts';
  const watch = async pid => (await kernel()).watchProcess(identifyProcess(Number(pid)));`;

const ends: Readonly<Record<string, { readonly lines: string; readonly status: number }>> = {
  'by itself, after its last watch': {
    lines: 'const { stop } = await watch(process.ppid); stop();',
    status: 0,
  },
  'by process.exit while it watches': { lines: 'await watch(process.ppid); process.exit(7);', status: 7 },
  'after half a second of work without a pause': {
    lines: `await watch(process.ppid);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      process.exit(7);`,
    status: 7,
  },
  'by process.reallyExit': { lines: 'await watch(process.ppid); process.reallyExit(7);', status: 7 },
  'with an exit listener that throws': {
    lines: `process.on('exit', () => { throw new Error('thrown at exit') });
      await watch(process.ppid);
      process.exit(7);`,
    status: 7,
  },
  'with an exit listener that exits': {
    lines: `process.on('exit', () => process.exit(7));
      const { stop } = await watch(process.ppid);
      stop();`,
    status: 7,
  },
  'by an error that nobody caught': {
    lines: `await watch(process.ppid); setImmediate(() => { throw new Error('thrown') });`,
    status: 1,
  },
};

for (const [how, { lines, status }] of Object.entries(ends))
  test(`the library’s kernel: a program ends ${how}`, t => {
    const program = join(makeFolder(t), 'ends.mjs');
    writeFileSync(program, `${imports}\n${lines}`);
    const ended = spawnSync(process.execPath, [program], { timeout: hangMs, encoding: 'utf8' });
    assert.deepEqual([ended.signal, ended.status], [null, status], ended.stderr);
  });

test('the library’s kernel: a program goes on as long as something is watched, and is told of its end', async t => {
  const watched = startCat(t);
  const program = join(makeFolder(t), 'watches.mjs');
  writeFileSync(
    program,
    `${imports}
    const { gone } = await watch(${watched.pid});
    console.log('watching');
    gone.then(() => console.log('gone'));`,
  );
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [first] = await once(child.stdout, 'data');
  assert.equal(`${first}`, 'watching\n');
  const rest = child.stdout.toArray();
  watched.stdin?.end();
  await once(child, 'close');
  assert.deepEqual([child.exitCode, Buffer.concat(await rest).toString()], [0, 'gone\n']);
});

test('the library’s kernel: an error in who is told is the program’s, and the next one is told all the same', t => {
  const program = join(makeFolder(t), 'errs.mjs');
  writeFileSync(
    program,
    `${imports}
    import { spawn } from 'node:child_process';
    process.on('uncaughtException', ({ message }) => console.log(message));
    const { sys } = await import('${source}/sys/real.ts');
    const [epoll, event] = [sys.epollCreate(), sys.eventfd(1, 0)];
    sys.epollCtl(epoll, 1, event, 1);
    let calls = 0;
    sys.nodeLoop.watch(epoll, () => {
      if (++calls === 2) sys.read(event, new Uint8Array(8), 0, 8);
      queueMicrotask(() => console.log('microtask'));
      throw new Error('call ' + calls);
    });
    sys.nodeLoop.keepAlive(true);
    setInterval(() => calls === 2 && process.exit(), 5);`,
  );
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], {
    timeout: hangMs,
    encoding: 'utf8',
  });
  assert.deepEqual([stdout, status], ['call 1\nmicrotask\ncall 2\nmicrotask\n', 0], stderr);
});

test('the library’s kernel: without a free fd nothing is taken for gone, and an end is waited for by looking', t => {
  const program = join(makeFolder(t), 'full.mjs');
  writeFileSync(
    program,
    `${imports}
    import { spawn } from 'node:child_process';
    import { closeSync, openSync } from 'node:fs';
    import { isRunning } from '${source}/manager/processes/processes.ts';
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
    const identity = identifyProcess(child.pid);
    const waits = await kernel();
    const fds = [];
    const codeOf = work => { try { work(); } catch ({ code }) { return code; } };
    const full = codeOf(() => { for (;;) fds.push(openSync('/dev/null')); });
    const unknown = codeOf(() => identifyProcess(child.pid));
    const running = isRunning(identity);
    const { gone } = waits.watchProcess(identity);
    const { promise, resolve } = Promise.withResolvers();
    waits.connect('/', resolve);
    const { report, errno } = await promise;
    child.stdin.end();
    await gone;
    const runs = isRunning(identity);
    for (const fd of fds) closeSync(fd);
    console.log(JSON.stringify([full, unknown, running, report, errno, runs]));
    (await watch(process.ppid)).stop();`,
  );
  const limited = ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, program];
  const { stdout, stderr } = spawnSync('/bin/sh', limited, { timeout: hangMs, encoding: 'utf8' });
  assert.equal(stdout, `${JSON.stringify(['EMFILE', 'EMFILE', true, 'failed', EMFILE, false])}\n`, stderr);
});

for (const { name, path } of conmons)
  test(`the library over ${name}: without an inotify instance a container is stopped, waited for and deleted`, {
    skip: needsRoot,
  }, () => {
    assert.deepEqual(runWithoutInotify('stop-without-inotify.ts', path), [137, 137, []]);
  });

const workerEnds: Readonly<Record<string, string>> = {
  'is terminated': 'parentPort.postMessage(1);',
  'exits by itself': 'parentPort.postMessage(1); setImmediate(() => process.exit(0));',
  'is terminated while it works': 'parentPort.postMessage(1); for (;;);',
};

for (const [how, lines] of Object.entries(workerEnds))
  test(`the library’s kernel: a Worker that waits and is attached ${how}: it ends, and all that it had open is closed`, async t => {
    const watched = startCat(t);
    const folder = makeFolder(t);
    const listener = sys.socket(SOCK_SEQPACKET | SOCK_CLOEXEC);
    t.after(() => sys.close(listener));
    assert.equal(sys.bind(listener, join(folder, 'attach')), 0);
    assert.equal(sys.listen(listener, 1), 0);
    const program = join(folder, 'worker.mjs');
    writeFileSync(
      program,
      `${imports}
      import { parentPort } from 'node:worker_threads';
      await watch(${watched.pid});
      const { promise, resolve } = Promise.withResolvers();
      (await kernel()).connect('${folder}', ({ report }) => report === 'connected' && resolve());
      await promise;
      ${lines}`,
    );
    const before = countWaiting();
    const worker = new Worker(program);
    const exited = once(worker, 'exit'); // its last message may come together with that
    await once(worker, 'message');
    const peer = sys.accept4(listener, SOCK_CLOEXEC);
    t.after(() => sys.close(peer));
    await (how === 'exits by itself' ? exited : worker.terminate());
    waitReadable(peer, 'the end of the attachment');
    assert.equal(sys.recv(peer, new Uint8Array(1), 0, 1, 0), 0);
    assert.equal(countWaiting(), before);
  });

test('the library’s kernel: Workers and the main thread each wait by themselves', async t => {
  const [one, other] = [startCat(t), startCat(t)];
  const program = join(makeFolder(t), 'worker.mjs');
  writeFileSync(
    program,
    `${imports}
    import { parentPort } from 'node:worker_threads';
    const { gone } = await watch(${one.pid});
    parentPort.postMessage('watching');
    await gone;
    parentPort.postMessage('gone');`,
  );
  const worker = new Worker(program);
  await once(worker, 'message');
  const watch = (await kernel()).watchProcess(identifyProcess(other.pid!)!);
  const [told, exited] = [once(worker, 'message'), once(worker, 'exit')];
  one.stdin?.end();
  assert.deepEqual(await told, ['gone']);
  other.stdin?.end();
  await watch.gone;
  await exited;
});

/** A process that ends when its standard input does. */
function startCat(t: TestContext): ChildProcess {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** What the library has open to wait for, in all threads of this process; an event loop of Node’s is one more each. */
function countWaiting(): number {
  const kinds = /^anon_inode:\[(pidfd|eventpoll)\]$/;
  return listOpenFiles(process.pid).filter(({ target }) => kinds.test(target)).length;
}
