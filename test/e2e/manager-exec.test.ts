// Commands in containers that are left, closed or given up. A promise that nobody handles fails this file.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Runtime, TimeLimitError } from '../../src/manager/index.ts';
import { makeFolder } from '../fixtures/monitored.ts';
import { makeSickRuntime } from '../fixtures/sick-runtime.ts';
import { until, waitForEnd } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

const idle = 'sleep 1000';

for (const conmon of conmons)
  describe(`manager exec over ${conmon.name}`, () => {
    test('exec: the end of its input leaves its output, and output that is not wanted leaves the rest', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'apart', makeShellBundle(t, idle));
      const args = ['/bin/sh', '-c', 'cat; echo done; echo last >&2; exit 4'];
      const session = await runtime.exec('apart', { args, stdin: true });
      session.stdin.end('hello\n');
      assert.deepEqual(await Promise.all([text(session.stdout), text(session.stderr)]), [
        'hello\ndone\n',
        'last\n',
      ]);
      assert.deepEqual(await session.ended, { exitCode: 4, timedOut: false });

      const unread = await runtime.exec('apart', { args, stdin: true });
      unread.stdout.destroy();
      unread.stdin.end('hello\n');
      assert.equal(await text(unread.stderr), 'last\n');
      assert.equal((await unread.ended).exitCode, 4);

      const gone = await runtime.exec('apart', { args, stdin: true });
      gone.stdin.destroy();
      assert.equal(await text(gone.stdout), 'done\n');
      gone.stderr.resume();
      assert.equal((await gone.ended).exitCode, 4);
    });

    test('exec: closed, its streams are gone and it goes on to its end', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'closed', makeShellBundle(t, idle));
      const abort = new AbortController();
      const { signal } = abort;
      const session = await runtime.exec('closed', {
        args: ['/bin/sh', '-c', 'sleep 1000'],
        stdin: true,
        signal,
      });
      await session.close();
      await session[Symbol.asyncDispose]();
      abort.abort();
      assert.equal(await session.outcome, 'detached');
      for (const stream of [session.stdin, session.stdout, session.stderr]) assert.ok(stream.destroyed);
      session.kill('SIGKILL');
      assert.deepEqual(await session.ended, { exitCode: 137, timedOut: false });
      assert.throws(() => session.kill('SIGNONE' as 'SIGTERM'), { code: 'ERR_ARGUMENT' });
    });

    test('exec: given up while the runtime hangs, nothing of it is left', async t => {
      const asked = join(makeFolder(t), 'asked');
      const hangs = makeSickRuntime(t, ociRuntime, { exec: `echo $$ >'${asked}'; exec sleep 1000` });
      const runtime = makeManager(t, conmon, { runtime: hangs });
      await runContainer(runtime, 'hangs', makeShellBundle(t, idle));
      const abort = new AbortController();
      const reason = new Error('enough');
      const asking = runtime.exec('hangs', { args: ['/bin/true'], signal: abort.signal });
      asking.catch(() => {});
      const pid = await until('the runtime’s exec', () => readPid(asked));
      abort.abort(reason);
      await assert.rejects(asking, reason);
      waitForEnd(pid);
      await requireNothingLeft(runtime);
      await assert.rejects(runtime.exec('hangs', { args: ['/bin/true'], timeLimitMs: 300 }), TimeLimitError);
      await requireNothingLeft(runtime);
      await runtime.delete('hangs', { force: true }); // while there is its runtime
    });

    test('exec: given up at any moment, nothing of it is left', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'any', makeShellBundle(t, idle));
      const reason = new Error('enough');
      for (const delayMs of [0, 1, 3, 6, 12, 25, 50]) {
        const abort = new AbortController();
        const running = runtime.execSync('any', { args: ['/bin/sleep', '1000'], signal: abort.signal });
        running.catch(() => {});
        await sleep(delayMs);
        abort.abort(reason);
        await assert.rejects(running, reason, `after ${delayMs} ms`);
      }
      await requireNothingLeft(runtime);
    });
  });

/** Neither a monitor of a command nor its files. */
async function requireNothingLeft(runtime: Runtime): Promise<void> {
  await until('the end of the commands', () => {
    const left = readdirSync(runtime.root, { recursive: true, encoding: 'utf8' }).filter(
      path => path.endsWith('/process.json') || /\/exec\/[^/]+$/.test(path),
    );
    return left.length === 0;
  });
}

function readPid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  return Number(/^(\d+)\n$/.exec(readFileSync(path, 'utf8'))?.[1]) || undefined;
}
