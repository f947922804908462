// The end of a Runtime: what it gives up, what it waits for, and that a process needs none to end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { Runtime, StateError } from '../../src/manager/index.ts';
import { hangMs } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

for (const conmon of conmons)
  describe(`manager over ${conmon.name}`, () => {
    test('close: what waits is given up, calls after it are refused, and the container goes on', async t => {
      const manager = makeManager(t, conmon);
      await runContainer(manager, 'stays', makeShellBundle(t, 'echo ready; exec sleep 1000'));
      const runtime = openAnother(manager, conmon.path);
      const logs = runtime.logs('stays', { follow: true });
      await logs.next();
      const waiting = [runtime.wait('stays'), runtime.wait('stays', 'stopped'), logs.next()];
      const rejected = waiting.map(promise => assert.rejects(promise, StateError));
      const attachment = await runtime.attach('stays');
      const detached = once(attachment, 'close');
      await runtime.close();
      await Promise.all([...rejected, detached]);
      assert.equal(await attachment.outcome, 'detached');
      await assert.rejects(runtime.state('stays'), StateError);
      await assert.rejects(runtime.stop('stays'), StateError);
      await assert.rejects(runtime.container('stays').logs().next(), StateError);
      await runtime.close();
      assert.equal((await manager.state('stays')).status, 'running');
    });

    test('close: a creation that is under way is waited for', async t => {
      const manager = makeManager(t, conmon);
      const runtime = openAnother(manager, conmon.path);
      const created = runtime.create('made', { bundle: makeShellBundle(t, 'exit 0') });
      await runtime.close();
      assert.equal((await manager.state('made')).status, 'created');
      await created;
    });

    test('close: a stop that nobody waits for any more is waited for', async t => {
      const manager = makeManager(t, conmon);
      await runContainer(manager, 'stops', makeShellBundle(t, 'exec sleep 1000'));
      const runtime = openAnother(manager, conmon.path);
      const left = new AbortController();
      const stop = runtime.stop('stops', { timeoutMs: 0, signal: left.signal });
      left.abort(new Error('left'));
      await assert.rejects(stop, /left/);
      await runtime[Symbol.asyncDispose]();
      assert.equal((await manager.state('stops')).status, 'stopped');
    });

    for (const closing of ['', 'await runtime.close();'])
      test(`a process that has used a Runtime ends by itself ${closing ? 'with' : 'without'} close`, async t => {
        const { root } = makeManager(t, conmon);
        const file = join(root, 'program.mjs');
        const bundle = makeShellBundle(t, 'exec sleep 1000');
        const program = `
          import { Runtime } from ${JSON.stringify(join(import.meta.dirname, '../../src/manager/index.ts'))};
          const [root, runtimePath, conmon, bundle] = process.argv.slice(2);
          const runtime = new Runtime({ root, runtime: runtimePath, conmon });
          const container = runtime.container('used');
          await container.create({ bundle });
          await container.start();
          const waited = AbortSignal.timeout(1);
          await container.wait('stopped', { signal: waited }).catch(() => {});
          await container.stop({ timeoutMs: 0 });
          ${closing}
          console.log('done');`;
        writeFileSync(file, program);
        const args = [file, root, ociRuntime, conmon.path, bundle];
        const { stdout } = await execa(process.execPath, args, { timeout: hangMs });
        assert.equal(stdout, 'done');
      });
  });

function openAnother({ root }: Runtime, conmon: string): Runtime {
  return new Runtime({ root, runtime: ociRuntime, conmon });
}
