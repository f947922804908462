// The working directory and the environment of monitor, runtime and exit command, over each conmon there is.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { findInPath } from '../../src/manager/executables.ts';
import { Runtime } from '../../src/manager/index.ts';
import { hangMs } from '../fixtures/waiting.ts';
import { conmonctl, finish } from './conmonctl-harness.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

const runtimePath = findInPath(ociRuntime) ?? ociRuntime;

for (const conmon of conmons) {
  describe(`working directory over ${conmon.name}`, () => {
    test('relative paths are the caller’s at the time of the call, and the exit command runs there', async t => {
      const home = workIn(t);
      writeFileSync('at-exit', '#!/bin/sh\npwd >"$1"\n', { mode: 0o755 });
      const bundle = makeShellBundle(t, 'echo said; exit 3');
      const runtime = makeManager(t, conmon, { root: './state', runtimeRoot: './of-runtime' });
      assert.equal(runtime.root, join(home, 'state'));
      mkdirSync('elsewhere');
      process.chdir('elsewhere');
      await runtime.create('there', {
        bundle: relative(join(home, 'elsewhere'), bundle),
        log: { driver: 'k8s-file', path: './there.log' },
        exitCommand: { file: '../at-exit', args: ['./where'] },
      });
      process.chdir('/');
      assert.ok(existsSync(join(home, 'of-runtime/there')));
      await runtime.start('there');
      await runtime.wait('there');
      assert.equal(readFileSync(join(home, 'elsewhere/where'), 'utf8').trim(), join(home, 'elsewhere'));
      assert.match(readFileSync(join(home, 'elsewhere/there.log'), 'utf8'), /said/);
      await runtime.delete('there');
      assert.equal(existsSync(join(home, 'of-runtime/there')), false);
    });

    test('a directory that was removed: whole paths work from it, relative ones are refused', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'read -r _; exit 4');
      process.chdir(mkdtempSync(join(tmpdir(), 'manager-gone-')));
      t.after(() => process.chdir('/'));
      rmdirSync(process.cwd());
      await runContainer(runtime, 'gone', bundle, { stdin: true });
      assert.equal((await runtime.execSync('gone', { args: ['/bin/sh', '-c', 'exit 5'] })).exitCode, 5);
      (await runtime.attach('gone')).end();
      assert.equal((await runtime.wait('gone')).exitCode, 4);
      await assert.rejects(runtime.create('other', { bundle: './x' }), { code: 'ERR_ARGUMENT' });
      assert.throws(() => new Runtime({ root: './x' }), { code: 'ERR_ARGUMENT' });
      assert.throws(() => new Runtime({ root: runtime.root, conmon: './x' }), { code: 'ERR_ARGUMENT' });
    });

    test('conmonctl: relative paths are its caller’s, and --rm deletes from there', async t => {
      const home = workIn(t);
      const bundle = makeShellBundle(t, 'echo said; exit 3');
      const globals = ['--root', './state', '--runtime', ociRuntime, '--conmon', conmon.path];
      const words = ['--rm', '--id', 'rel', '--log-path', './rel.log', relative(home, bundle)];
      const ran = await call(home, ['run', ...globals, ...words]);
      assert.equal(ran.status, 3, ran.stderr);
      assert.match(readFileSync(join(home, 'rel.log'), 'utf8'), /said/);
      const listed = await call(dirname(home), ['list', '-q', '--root', join(home, 'state')]);
      assert.deepEqual([listed.status, listed.stdout], [0, '']);
    });
  });

  describe(`environment over ${conmon.name}`, () => {
    test('monitor, runtime and exit command get what they need and what was asked for, and no more', async t => {
      const dir = workIn(t);
      const secrets = {
        SECRET: 'of the caller',
        NOTIFY_SOCKET: '/run/notify',
        LISTEN_FDS: '1',
        LISTEN_PID: '1',
      };
      setVariables(t, { ...secrets, XDG_RUNTIME_DIR: dir, TZ: 'UTC' });
      const runtime = makeManager(t, conmon, {
        runtime: makeRecorder(dir),
        conmonEnv: ['ASKED=first', 'ASKED=a=b'],
      });
      await runContainer(runtime, 'env', makeShellBundle(t, 'read -r _'), {
        stdin: true,
        exitCommand: { file: makeExitRecorder(dir), args: [join(dir, 'exit-command')] },
      });
      await runtime.execSync('env', { args: ['/bin/true'] });
      const { monitorPid } = await runtime.state('env');
      const monitor = readFileSync(`/proc/${monitorPid}/environ`, 'utf8');
      (await runtime.attach('env')).end();
      await runtime.wait('env');
      await runtime.delete('env');
      const kept = ['create', 'start', 'exec', 'state', 'exit-command'].map(name =>
        readFileSync(join(dir, name), 'utf8'),
      );
      for (const environment of [monitor, ...kept]) {
        for (const name of Object.keys(secrets)) assert.ok(!environment.includes(`${name}=`), environment);
      }
      for (const environment of kept) {
        const lines = environment.split('\0');
        for (const line of ['ASKED=a=b', 'TZ=UTC', `XDG_RUNTIME_DIR=${dir}`, `PATH=${process.env['PATH']}`])
          assert.ok(lines.includes(line), `${line} in ${lines}`);
      }
    });
  });
}

test('environment: what is no variable, or a pipe’s number, is refused', () => {
  for (const entry of ['NAME', '=value', '', 'A=\0', '_OCI_SYNCPIPE=1'])
    assert.throws(() => new Runtime({ root: '/nowhere', runtime: runtimePath, conmonEnv: [entry] }), {
      code: 'ERR_ARGUMENT',
    });
});

/** Makes a directory the working directory until the end of the test. Returns its path. */
function workIn(t: TestContext): string {
  const before = process.cwd();
  const dir = mkdtempSync(join(tmpdir(), 'manager-caller-'));
  process.chdir(dir);
  t.after(() => {
    process.chdir(before);
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

function setVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables))
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });
}

/** The runtime, which writes the environment of each call to a file named after the sub-command. */
function makeRecorder(dir: string): string {
  const path = join(dir, 'recorder');
  const script = `#!/bin/sh
for word; do
  case $word in create|start|exec|state) cat /proc/$$/environ >'${dir}'/$word; break;; esac
done
exec '${runtimePath}' "$@"
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

function makeExitRecorder(dir: string): string {
  const path = join(dir, 'exit-recorder');
  writeFileSync(path, '#!/bin/sh\ncat /proc/$$/environ >"$1"\n', { mode: 0o755 });
  return path;
}

async function call(cwd: string, words: readonly string[]) {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return finish(spawn(process.execPath, [conmonctl, ...words], { cwd, stdio: [...stdio], timeout: hangMs }));
}
