// What happens to containers, as a process sees it that does none of it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { type ContainerEvent, Runtime, RuntimeError } from '../../src/manager/index.ts';
import { makeFolder } from '../fixtures/monitored.ts';
import { hangMs } from '../fixtures/waiting.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

for (const conmon of conmons)
  describe(`events over ${conmon.name}`, () => {
    test('a life is told as it goes, to all who listen', async t => {
      const runtime = makeManager(t, conmon);
      const others = [openAnother(runtime, conmon.path), openAnother(runtime, conmon.path)];
      const streams = others.map(other => other.events());
      const next = async () => {
        const events = await Promise.all(streams.map(stream => stream.next()));
        const [one, another] = events.map(({ value }) => value && `${value.type} ${value.exitCode ?? '-'}`);
        assert.equal(one, another);
        return one;
      };
      const { incarnation } = await runtime.create('web', { bundle: makeShellBundle(t, 'exec sleep 1000') });
      assert.equal(await next(), 'create -');
      await runtime.start('web');
      assert.equal(await next(), 'start -');
      if (ociRuntime === 'runc') {
        await runtime.pause('web');
        assert.equal(await next(), 'pause -');
        await runtime.resume('web');
        assert.equal(await next(), 'resume -');
      }
      await runtime.stop('web', { timeoutMs: 0 });
      assert.equal(await next(), 'exit 137');
      await runtime.delete('web');
      const [last] = await Promise.all(streams.map(stream => stream.next()));
      assert.partialDeepStrictEqual(last?.value, { type: 'delete', id: 'web', incarnation, name: 'web' });
      const pending = streams.map(stream => stream.next());
      await Promise.all(others.map(other => other.close()));
      assert.deepEqual(
        (await Promise.all(pending)).map(({ done }) => done),
        [true, true],
      );
    });

    test('between two looks an ID has three containers: nothing is missed, of now and of what was', async t => {
      const runtime = makeManager(t, conmon);
      const since = new Date();
      await using stream = openAnother(runtime, conmon.path).events();
      const codes = [1, 2, 3];
      for (const code of codes) {
        await runContainer(runtime, 'again', makeShellBundle(t, `exit ${code}`));
        await runtime.wait('again');
        await runtime.delete('again');
      }
      const expected = codes.flatMap(code => ['create -', 'start -', `exit ${code}`, 'delete -']);
      for (const events of [await take(stream, 12), await take(runtime.events({ since }), 12)]) {
        assert.deepEqual(
          events.map(({ type, exitCode }) => `${type} ${exitCode ?? '-'}`),
          expected,
        );
        assert.equal(new Set(events.map(({ incarnation }) => incarnation)).size, 3);
        assert.ok(events.every(({ time }, i) => i === 0 || time >= events[i - 1]!.time));
      }
    });

    test('what was there before is no event, and a start that fails none either', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'before', makeShellBundle(t, 'exec sleep 1000'));
      const refuses = makeRuntime(t, 'case " $* " in *" start "*) echo no >&2; exit 1 ;; esac');
      const other = openAnother(runtime, conmon.path, refuses);
      await using stream = other.events();
      await other.create('refused', { bundle: makeShellBundle(t, 'exit 0') });
      await assert.rejects(other.start('refused'), RuntimeError);
      await other.delete('refused');
      const events = await take(stream, 2);
      assert.deepEqual(
        events.map(({ type, id }) => `${type} ${id}`),
        ['create refused', 'delete refused'],
      );
    });

    test('the end of a container without a monitor is told, without an exit code', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'left', makeShellBundle(t, 'exec sleep 1000'));
      await using stream = runtime.events();
      const { pid, monitorPid } = await runtime.state('left');
      for (const victim of [monitorPid!, pid!]) process.kill(victim, 'SIGKILL');
      assert.partialDeepStrictEqual((await stream.next()).value, {
        type: 'exit',
        id: 'left',
        exitCode: undefined,
      });
    });

    test('leaving, and an aborted signal, end it', async t => {
      const runtime = makeManager(t, conmon);
      const left = runtime.events();
      const pending = left.next();
      await left.return?.();
      assert.deepEqual([(await pending).done, (await left.next()).done], [true, true]);
      const controller = new AbortController();
      const aborted = runtime.events({ signal: controller.signal });
      const rejected = assert.rejects(aborted.next(), /enough/);
      controller.abort(new Error('enough'));
      await rejected;
      assert.equal((await aborted.next()).done, true);
      await assert.rejects(runtime.events({ signal: controller.signal }).next(), /enough/);
    });
  });

test('events: nobody who does not read them keeps a process from ending', async t => {
  const { root } = makeManager(t, conmons[0]!);
  const file = join(makeFolder(t), 'program.mjs');
  writeFileSync(
    file,
    `import { Runtime } from ${JSON.stringify(join(import.meta.dirname, '../../src/manager/index.ts'))};
    const [root, runtimePath, conmon, bundle] = process.argv.slice(2);
    const runtime = new Runtime({ root, runtime: runtimePath, conmon });
    runtime.events();
    const read = runtime.events();
    await runtime.create('web', { bundle });
    for await (const { type } of read) { console.log(type); break; }`,
  );
  const args = [file, root, ociRuntime, conmons[0]!.path, makeShellBundle(t, 'exit 0')];
  const { stdout } = await execa(process.execPath, args, { timeout: hangMs });
  assert.equal(stdout, 'create');
});

/** The runtime with some lines of shell before it. */
function makeRuntime(t: TestContext, script: string): string {
  const path = join(makeFolder(t), 'runtime');
  writeFileSync(path, `#!/bin/sh\n${script}\nexec '${ociRuntime}' "$@"\n`, { mode: 0o755 });
  return path;
}

/** The same directory of state, as another process would use it. */
function openAnother(runtime: Runtime, conmon: string, runtimePath = ociRuntime): Runtime {
  return new Runtime({ root: runtime.root, runtime: runtimePath, conmon });
}

async function take(events: AsyncIterable<ContainerEvent>, count: number): Promise<ContainerEvent[]> {
  const taken: ContainerEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}
