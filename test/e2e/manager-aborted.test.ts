// A signal that is aborted in the midst of a call: the call rejects with its reason, and what was begun is as
// docs/manager.md says.

import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Attachment } from '../../src/manager/attach/attach.ts';
import { type CallOptions, NotFoundError, Runtime } from '../../src/manager/index.ts';
import { makeCurableRuntime } from '../fixtures/curable-runtime.ts';
import { makeFolder, makeGate, openGate } from '../fixtures/monitored.ts';
import { hangMs, until, waitForEnd } from '../fixtures/waiting.ts';
import { type Conmon, conmons, makeManager, makeShellBundle, ociRuntime } from './manager-harness.ts';

type Call = (options: CallOptions) => Promise<unknown>;

/** They take no signal. */
const withoutSignal = {
  Runtime: ['constructor', 'name', 'path', 'root', 'logger', 'container', 'close'],
  Attachment: ['constructor', 'detach', 'close'],
  ExecSession: ['kill', 'close'],
};

const args = ['/bin/sh', '-c', 'sleep 1000'];
const size = { rows: 24, columns: 80 };
const reason = new Error('enough');

for (const conmon of conmons)
  describe(`manager aborted in the midst over ${conmon.name}`, () => {
    test('every call rejects with the reason, and what was begun is as it is documented', async t => {
      const { runtime, infect, abortHeld, abortFinished, abortAtOnce, tested } = makeStage(t, conmon);
      const bundle = makeShellBundle(t, 'echo ready; sleep 1000');
      const create = (options: CallOptions = {}) => runtime.create('web', { bundle, ...options });

      await abortHeld('create', 'create', create);
      await assert.rejects(runtime.state('web'), NotFoundError);
      assert.deepEqual(readdirSync(join(runtime.root, 'containers')), []);
      await create();

      await abortHeld('start', 'start', options => runtime.start('web', options));
      assert.equal((await runtime.state('web')).status, 'created');
      infect('web', { state: 'exec sleep 1000' });
      const begin = performance.now();
      await abortHeld('start', 'start', options => runtime.start('web', options));
      assert.ok(performance.now() - begin < hangMs, 'a runtime that tells no state either is waited for');
      assert.equal((await runtime.state('web')).status, 'created');
      await runtime.start('web');

      await abortHeld('kill', 'kill', options => runtime.kill('web', 'SIGKILL', options));
      await abortHeld('pause', 'pause', options => runtime.pause('web', options));
      await abortHeld('resume', 'resume', options => runtime.resume('web', options));
      await abortHeld('update', 'update', options => runtime.update('web', {}, options));
      await abortHeld('exec', 'exec', options => runtime.exec('web', { args, ...options }));
      await abortHeld('execSync', 'exec', options => runtime.execSync('web', { args, ...options }));
      await until('nothing of the commands', () => listCommands(runtime).length === 0);
      await abortHeld('version', '--version', options => runtime.version(options), '--version');
      await abortHeld('ready', '--version', options => runtime.ready(options), '--version');
      await abortFinished('state', 'state', options => runtime.state('web', options));
      await abortFinished('list', 'state', options => runtime.list(options));
      for (const condition of ['stopped', 'exited'] as const)
        await abortAtOnce('wait', options => runtime.wait('web', condition, options));
      await abortAtOnce('stats', options => runtime.stats('web', options));
      await abortAtOnce('processes', options => runtime.processes('web', options));
      await abortAtOnce('attach', options => runtime.attach('web', options));
      const { status, monitorPid } = await runtime.state('web');
      assert.equal(status, 'running');

      await whileStopped(monitorPid!, async () => {
        await abortAtOnce('reopenLog', options => runtime.reopenLog('web', options));
        fillControl(bundle);
        await abortAtOnce('resize', options => runtime.resize('web', size, options));
      });

      const stop: Call = options => runtime.stop('web', { timeoutMs: 0, ...options });
      await abortFinished('stop', 'kill', stop, () => stop({}));
      assert.equal((await runtime.state('web')).status, 'stopped');

      await abortFinished('delete', 'delete', options => runtime.delete('web', options));
      await runtime.delete('web'); // joins it
      assert.deepEqual(await runtime.list(), []);
      assert.equal((await runtime.state('web')).exitCode, 137);

      const read = ['logs', 'events']; // below, and in manager-events.test.ts
      requireAll(Object.getOwnPropertyNames(Runtime.prototype), [
        ...withoutSignal.Runtime,
        ...tested,
        ...read,
      ]);
    });

    test('logs end, and what attach and exec have returned is not ended but for the command', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'echo ready; sleep 1000');
      await runtime.create('web', { bundle });
      await runtime.start('web');
      const { monitorPid } = await runtime.state('web');
      const abort = new AbortController();
      const { signal } = abort;
      const attachment = await runtime.attach('web', { signal });
      const session = await runtime.exec('web', { args, signal });
      const lines: string[] = [];
      for await (const { data } of runtime.logs('web', { follow: true, signal })) {
        lines.push(data.toString());
        abort.abort(reason);
      }
      assert.deepEqual(lines, ['ready']);
      session.stdout.resume();
      session.stderr.resume();
      assert.deepEqual(await session.ended, { exitCode: 137, timedOut: false });
      assert.equal(attachment.destroyed, false);

      const other = await runtime.exec('web', { args });
      const resized = (resize: Call) => assert.rejects(abortSoon(resize), error => error === reason);
      await whileStopped(monitorPid!, async () => {
        fillControl(bundle);
        await resized(options => attachment.resize(size, options));
      });
      // Its monitor listens: the resize may be done before anything is aborted, but not in the same turn.
      await resized(options => other.resize(size, options));
      const callsOf = Object.entries(other).filter(([, value]) => typeof value === 'function');
      requireAll(
        callsOf.map(([name]) => name),
        [...withoutSignal.ExecSession, 'resize'],
      );
      requireAll(
        Object.getOwnPropertyNames(Attachment.prototype).filter(name => !name.startsWith('_')),
        [...withoutSignal.Attachment, 'resize'],
      );
      other.kill('SIGKILL');
      await other.close();
      await attachment.close();
    });
  });

/** A library over a runtime that can be held at a sub-command, and ways to abort its calls. */
function makeStage(t: TestContext, conmon: Conmon) {
  const { path, infect, cure, remove } = makeCurableRuntime(ociRuntime);
  const runtime = makeManager(t, conmon, { runtime: path });
  t.after(remove);
  const tested = new Set<string>();

  /** Aborts `call` once the runtime is held; `meanwhile` begins before that. */
  const abortWhileHeld = async (
    name: string,
    subCommand: string,
    call: Call,
    id = 'web',
    meanwhile?: Call,
  ) => {
    tested.add(name);
    const [asked, gate] = [join(makeFolder(t), 'asked'), makeGate(t)];
    infect(id, { [subCommand]: `echo $$ >'${asked}'; read go <'${gate}'` });
    const abort = new AbortController();
    const aborted = call({ signal: abort.signal });
    aborted.catch(() => {});
    const others = meanwhile ? meanwhile({}) : Promise.resolve();
    others.catch(() => {});
    const pid = await until(`the runtime's ${subCommand}`, () => readPid(asked));
    abort.abort(reason);
    await requireReason(name, aborted);
    return { pid, gate, others };
  };

  return {
    runtime,
    infect,
    tested,
    /** The runtime's process has to be gone. */
    async abortHeld(name: string, subCommand: string, call: Call, id = 'web'): Promise<void> {
      const { pid } = await abortWhileHeld(name, subCommand, call, id);
      waitForEnd(pid);
      cure(id);
    },
    /** It has to go on, for itself and for others. */
    async abortFinished(name: string, subCommand: string, call: Call, meanwhile?: Call): Promise<void> {
      const { gate, others, pid } = await abortWhileHeld(name, subCommand, call, 'web', meanwhile);
      cure('web');
      openGate(gate);
      await others;
      await until('the end of the runtime', () => !existsSync(`/proc/${pid}`));
    },
    async abortAtOnce(name: string, call: Call): Promise<void> {
      tested.add(name);
      await requireReason(name, abortSoon(call));
    },
  };
}

function abortSoon(call: Call): Promise<unknown> {
  const abort = new AbortController();
  const aborted = call({ signal: abort.signal });
  abort.abort(reason);
  return aborted;
}

async function requireReason(name: string, aborted: Promise<unknown>): Promise<void> {
  const hang = AbortSignal.timeout(hangMs);
  const hung = new Promise<never>((_resolve, reject) =>
    hang.addEventListener('abort', () => reject(new Error(`${name} hangs`))),
  );
  await assert.rejects(Promise.race([aborted, hung]), error => {
    assert.equal(error, reason, name);
    return true;
  });
}

/** Of what has calls, each has to be `known`. */
function requireAll(names: readonly string[], known: readonly string[]): void {
  assert.deepEqual([...names].sort(), [...known].sort());
}

function listCommands({ root }: Runtime): string[] {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return paths.filter(path => /\/exec\/[^/]+$/.test(path));
}

async function whileStopped(pid: number, work: () => Promise<void>): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Words to a monitor that is stopped, until there is no room for more. */
function fillControl(bundle: string): void {
  const fifo = openSync(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fifo, '1 24 80\n');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  } finally {
    closeSync(fifo);
  }
}

function readPid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  return Number(/^(\d+)\n$/.exec(readFileSync(path, 'utf8'))?.[1]) || undefined;
}
