// The executable for arm64, cross-built, under an emulator: it answers, refuses, and lives a container's life.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { works } from '../../scripts/build/commands.ts';
import { findQemu } from '../../scripts/build/qemu.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { conmon } from '../fixtures/conmon.ts';
import { fixture, makeFolder, makeGate, openGate, startMonitored } from '../fixtures/monitored.ts';

const target = 'aarch64-linux-gnu';
const project = join(import.meta.dirname, '../..');
const out = join(project, 'build/arm64');
const built = join(out, 'conmon');

interface Here {
  readonly qemu: string;
  /** Why there is nothing to test, false where there is. */
  readonly skip: string | false;
}

const { qemu, skip } = lookAround();

function lookAround(): Here {
  if (!works(`${target}-gcc`, ['--version'])) return { qemu: '', skip: `needs ${target}-gcc` };
  if (!works(`${target}-objcopy`, ['--version'])) return { qemu: '', skip: `needs ${target}-objcopy` };
  try {
    return { qemu: findQemu('aarch64'), skip: false };
  } catch (error) {
    return { qemu: '', skip: `needs a qemu-aarch64 from 10 on: ${(error as Error).message}` };
  }
}

describe('arm64', { skip }, () => {
  before(() => {
    const build = ['scripts/build.ts', '--target', target, '--out', out];
    execFileSync(process.execPath, build, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  });

  for (const args of [
    ['--version'],
    ['--help'],
    ['-h'],
    ['--version', '--log-level', 'x'],
    ['--nonsense'],
    ['-c'],
    [],
    ['-c', 'x', '--timeout', '1x'],
    ['-c', 'x', '-u', 'x', '-l', 'none:y'],
    ['-c', 'x', '-u', 'x', '-n', 'x', '-r', '/nowhere', '-l', '/tmp/log'],
  ])
    test(`arm64: \`conmon ${args.join(' ')}\` says what the one of this machine says`, () => {
      const ask = (command: string, all: readonly string[]) => {
        const { status, stdout, stderr } = spawnSync(command, all, { encoding: 'utf8' });
        // Another path that it was started by, and maybe another commit.
        return {
          status,
          stdout: stdout.replace(/[0-9a-f]{40}/, 'commit'),
          stderr: stderr.replaceAll(built, conmon),
        };
      };
      assert.deepEqual(ask(qemu, [built, ...args]), ask(conmon, args));
    });

  test('arm64: a container with input, output, an attached client and an exit status', t => {
    const gate = makeGate(t);
    const box = startMonitored(t, {
      conmon: emulated(t),
      args: ['-i'],
      container: `echo out; echo err >&2; read line; echo "got $line"; read go <${gate}; exit 7`,
    });
    assert.ok(box.started() > 0);
    box.waitForOutput(output => output === 'out\n' && box.output('stderr') === 'err\n', 'output');
    const client = connectAttach(box.attachSocket);
    client.send('a line\n');
    assert.equal(client.receive()!.data.toString(), 'got a line\n');
    writeFileSync(join(box.bundle, 'ctl'), '1 24 80\n');
    openGate(gate);
    assert.equal(box.exitStatus(), '7');
    assert.equal(box.end(), 7);
    assert.equal(box.output('stdout'), 'out\ngot a line\n');
    assert.equal(box.output('stderr'), 'err\n');
    assert.equal(client.receive(), undefined);
    client.close();
  });

  test('arm64: a container with a terminal, whose size is changed', t => {
    const runtime = join(makeFolder(t), 'runtime');
    execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-o', runtime, fixture('runtime-with-terminal.c')]);
    const box = startMonitored(t, {
      conmon: emulated(t),
      args: ['-t', '-i'],
      runtime,
      container:
        'stty -echo; echo out; read line; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done; echo "got $line 24 80"; exit 3',
    });
    box.started();
    box.waitForOutput(output => output.includes('out'), 'output');
    writeFileSync(join(box.bundle, 'ctl'), '1 24 80\n');
    const client = connectAttach(box.attachSocket);
    client.send('a line\n');
    assert.equal(box.exitStatus(), '3');
    assert.match(box.output(), /got a line 24 80/);
    client.close();
  });

  test('arm64: much output in lines of every length, and none of it is lost', t => {
    const lines = Array.from({ length: 3000 }, (_, i) => 'x'.repeat((i * 37) % 9000));
    const file = join(makeFolder(t), 'lines');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const box = startMonitored(t, { conmon: emulated(t), container: `cat ${file}; exit 0` });
    box.started();
    assert.equal(box.exitStatus(), '0');
    box.end();
    assert.ok(box.output() === readFileSync(file, 'latin1'), 'the log holds all of it');
  });

  test('arm64: a container that ends by a signal, and an exit command', t => {
    const done = join(makeFolder(t), 'done');
    const command = ['/bin/sh', '-c', `: >${done}`].flatMap((arg, i) => [
      i === 0 ? '--exit-command' : '--exit-command-arg',
      arg,
    ]);
    const box = startMonitored(t, { conmon: emulated(t), args: command, container: 'kill -9 $$' });
    box.started();
    assert.equal(box.exitStatus(), '137');
    box.end();
    assert.equal(readFileSync(done, 'utf8'), '');
  });

  test('arm64: a runtime that fails: its words are reported', t => {
    const box = startMonitored(t, { conmon: emulated(t), runtime: 'runtime-fails' });
    const report = box.caller.readSync()!;
    assert.ok(report.value < 0);
    assert.notEqual(report.message ?? '', '');
  });
});

/** An executable that the emulator is in front of. The launcher forks: there is no other program to start. */
function emulated(t: TestContext): string {
  const path = join(makeFolder(t, 'arm64'), 'conmon');
  writeFileSync(path, `#!/bin/sh\nexec '${qemu}' '${built}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
