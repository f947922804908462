// Commands in containers, attaching and logs through the library, over each conmon there is.

import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { NotFoundError, RuntimeError, StateError } from '../../src/manager/index.ts';
import { findByArgument } from '../../src/manager/processes/processes.ts';
import { withoutTerminals } from '../fixtures/terminals.ts';
import { until } from '../fixtures/waiting.ts';
import {
  conmons,
  hostrun,
  makeManager,
  makeShellBundle,
  ociRuntime,
  readOutputAtTimeout,
  runContainer,
} from './manager-harness.ts';

for (const conmon of conmons)
  describe(`manager streams over ${conmon.name}`, () => {
    test('exec: streams apart, exit code, environment, and bytes as they are', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'exec', makeShellBundle(t, 'sleep 1000'));
      const apart = await runtime.execSync('exec', {
        args: ['/bin/sh', '-c', 'printf "out $WHO"; printf err >&2; exit 3'],
        env: ['WHO=first', 'WHO=you'],
      });
      assert.deepEqual(
        [apart.exitCode, apart.stdout.toString(), apart.stderr.toString(), apart.truncated],
        [3, 'out you', 'err', false],
      );
      const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const input = Buffer.concat(Array.from({ length: 400 }, () => all)); // 100 KiB, more than three packets
      const echoed = await runtime.execSync('exec', { args: ['/bin/cat'], input });
      assert.ok(echoed.stdout.equals(input));
      const newline = await runtime.execSync('exec', {
        args: ['/bin/sh', '-c', 'printf a; sleep 0.1; printf "\\n"'],
      });
      assert.equal(newline.stdout.toString(), 'a\n');
    });

    test('exec: the output limit cuts, and the command goes on to its end', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'exec', makeShellBundle(t, 'sleep 1000'));
      const script = 'head -c 3000000 /dev/zero; printf last >&2; exit 5';
      const result = await runtime.execSync('exec', {
        args: ['/bin/sh', '-c', script],
        outputLimitBytes: 1_000_001,
      });
      assert.deepEqual([result.stdout.length, result.truncated, result.exitCode], [1_000_001, true, 5]);
      assert.equal(result.stderr.toString(), 'last');
    });

    test('exec: past its time it is killed, and what it said comes with the error', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'exec', makeShellBundle(t, 'sleep 1000'));
      const talks = { args: ['/bin/sh', '-c', 'echo begun; sleep 1000'] };
      assert.equal(await readOutputAtTimeout(runtime, 'exec', talks), 'begun\n');
    });

    test('exec: what a command has started is killed with it, past its time and by a signal', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'family', makeShellBundle(t, 'sleep 1000'));
      const seconds = `1000${process.pid}`; // names the child among all processes
      const command = { args: ['/bin/sh', '-c', `sleep ${seconds} & echo begun; wait`] };
      const childIsGone = () => until('the child to be gone', () => findByArgument(seconds).length === 0);
      await readOutputAtTimeout(runtime, 'family', command);
      await childIsGone();

      const session = await runtime.exec('family', command);
      for await (const _ of session.stdout.iterator({ destroyOnReturn: false })) break;
      await until('the child', () => findByArgument(seconds).length > 0);
      session.kill('SIGKILL');
      await session.ended;
      await childIsGone();
    });

    test('exec: a program that is not there is the runtime’s error, in its words', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'exec', makeShellBundle(t, 'sleep 1000'));
      await assert.rejects(runtime.execSync('exec', { args: ['/nowhere'] }), (error: unknown) => {
        assert.ok(error instanceof RuntimeError);
        assert.match(error.words, /nowhere/);
        return true;
      });
      await assert.rejects(runtime.execSync('nobody', { args: ['/bin/true'] }), NotFoundError);
    });

    test('exec: as a stream it is read while it runs, and a signal ends it', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'exec', makeShellBundle(t, 'sleep 1000'));
      const session = await runtime.exec('exec', {
        args: ['/bin/sh', '-c', 'read a; echo "got $a"; sleep 1000'],
        stdin: true,
      });
      session.stdin.write('this\n');
      session.stderr.resume();
      for await (const chunk of session.stdout.iterator({ destroyOnReturn: false })) {
        assert.equal(String(chunk), 'got this\n');
        break;
      }
      session.stdout.resume();
      session.kill('SIGTERM');
      assert.deepEqual(await session.ended, { exitCode: 143, timedOut: false });
    });

    test('attach: from before the start nothing is missed, input arrives, and it ends with the container', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('talk', {
        bundle: makeShellBundle(t, 'echo hello; cat; echo bye >&2'),
        stdin: true,
      });
      const attachment = await runtime.attach('talk', { apart: true });
      await runtime.start('talk');
      attachment.end('to and fro\n');
      const [out, err] = await Promise.all([text(attachment), text(attachment.stderr!)]);
      assert.deepEqual([out, err], ['hello\nto and fro\n', 'bye\n']);
      assert.equal(await attachment.outcome, 'ended');
      await runtime.wait('talk');
      await assert.rejects(runtime.attach('talk'), StateError);
    });

    test('attach: a terminal has the size it is given, and the detach keys leave it running', {
      skip: ociRuntime === hostrun && withoutTerminals,
    }, async t => {
      const runtime = makeManager(t, conmon);
      const script = 'read a; stty size; exec sleep 1000';
      await runtime.create('tty', { bundle: makeShellBundle(t, script, { terminal: true }) });
      const attachment = await runtime.attach('tty', { detachKeys: 'ctrl-p,ctrl-q' });
      await runtime.start('tty');
      await attachment.resize({ rows: 11, columns: 22 });
      attachment.write('go\n');
      let seen = '';
      for await (const chunk of attachment.iterator({ destroyOnReturn: false })) {
        seen += chunk;
        if (seen.includes('11 22')) break;
      }
      attachment.write(Buffer.from([0x10]));
      attachment.write(Buffer.from([0x11]));
      assert.equal(await attachment.outcome, 'detached');
      assert.equal((await runtime.state('tty')).status, 'running');
    });

    test('attach: a reader that stops for a while loses nothing of 5 MB', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('slow', { bundle: makeShellBundle(t, 'head -c 5000000 /dev/zero') });
      const attachment = await runtime.attach('slow');
      await runtime.start('slow');
      let bytes = 0;
      for await (const chunk of attachment) {
        if (bytes === 0) await runtime.state('slow'); // a pause of many turns
        bytes += chunk.length;
      }
      assert.equal(bytes, 5_000_000);
    });

    for (const suffix of ['.1', '.20260102-030405'])
      test(`logs: followed while the log is renamed to LOG${suffix} and reopened, every line comes once`, async t => {
        const runtime = makeManager(t, conmon);
        const write = (from: number) =>
          `i=${from}; while [ $i -lt ${from + 1000} ]; do echo "line $i"; i=$((i + 1)); done`;
        const script = `${write(0)}; read line; ${write(1000)}; read line; ${write(2000)}`;
        await runtime.create('log', { bundle: makeShellBundle(t, script), stdin: true });
        const attachment = (await runtime.attach('log')).resume();
        const path = (await runtime.state('log')).logPath!;
        const lines: string[] = [];
        const first = Promise.withResolvers<void>();
        const following = (async () => {
          for await (const { data } of runtime.logs('log', { follow: true }))
            if (lines.push(data.toString()) === 1000) first.resolve();
        })();
        await runtime.start('log');
        await first.promise;
        renameSync(path, `${path}${suffix}`);
        attachment.write('go\n'); // the next thousand comes while the log is being reopened
        await runtime.reopenLog('log');
        attachment.write('go\n');
        await following;
        assert.deepEqual(
          lines,
          Array.from({ length: 3000 }, (_, i) => `line ${i}`),
        );
        assert.ok(readFileSync(path, 'latin1').endsWith('line 2999\n'));
        assert.ok(readFileSync(`${path}${suffix}`, 'latin1').includes('line 999\n'));
      });
  });
