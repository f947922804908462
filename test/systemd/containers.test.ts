// Containers under a real systemd: with the library and crun, and with Podman's systemd cgroup manager.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { findConmons } from '../podman/harness/conmons.ts';
import { Machine } from './harness/machine.ts';
import type { Made } from './programs/make-bundle.ts';
import type { Ran, Running } from './programs/run-container.ts';

const conmons = findConmons();
let machine: Machine;
let podmanEnv: Record<string, string>;
let made: Made;

before(async () => {
  machine = await Machine.boot(...conmons.map(({ path }) => dirname(path)).filter(existsSync));
  made = await machine.runProgram('make-bundle.ts', {});
  podmanEnv = await machine.runProgram('make-podman.ts', {});
});

after(() => machine?.close());

for (const { name, path: conmon, home } of conmons) {
  test(`library over ${name}: monitors are in the container’s scope before they call the runtime`, async () => {
    const { bundle, runtime, calls } = made;
    await machine.run('rm', ['-f', calls]);
    const ran = await machine.runProgram<Ran>('run-container.ts', {
      conmon,
      bundle,
      runtime,
    } satisfies Running);
    assert.equal(ran.monitorCgroup, '/system.slice/conmon-abc.scope');
    assert.match(ran.containerCgroup ?? '', /^\/system\.slice\/crun-abc\.scope(\/|$)/);
    assert.deepEqual([ran.execExitCode, ran.exitCode], [3, 7]);
    const lines = (await machine.ok('cat', calls)).split('\n');
    for (const verb of ['create', 'exec']) {
      const call = lines.find(line => line.split(' ').includes(verb));
      assert.ok(call !== undefined, verb);
      assert.match(call, /^\/system\.slice\/conmon-abc\.scope /);
      assert.equal(call.includes(' --systemd-cgroup '), verb === 'create', call);
    }
    await untilNoScope('conmon-abc.scope', 'crun-abc.scope');
  });

  test(`podman over ${name}: exit codes come through under the systemd cgroup manager`, async () => {
    const { exitCode, stderr } = await podman(conmon, 'run', '--rm', 'box', 'sh', '-c', 'exit 7');
    assert.equal(exitCode, 7, stderr);
  });

  test(`podman over ${name}: monitor and container are each in their scope, and none is left`, async () => {
    const id = await podmanOk(
      conmon,
      'run',
      '-d',
      '--stop-timeout=1',
      'box',
      'sh',
      '-c',
      'echo hello; sleep 1000',
    );
    const [pid, monitorPid] = (
      await podmanOk(conmon, 'inspect', '--format', '{{.State.Pid}} {{.State.ConmonPid}}', id)
    ).split(' ');
    const scopes = [`libpod-conmon-${id}.scope`, `libpod-${id}.scope`];
    assert.match(await readCgroup(monitorPid!), new RegExp(`/${scopes[0]}$`));
    assert.match(await readCgroup(pid!), new RegExp(`/${scopes[1]}(/|$)`));
    const argv = (await machine.ok('cat', `/proc/${monitorPid}/cmdline`)).split('\0');
    assert.ok(argv.includes('-s') || argv.includes('--systemd-cgroup'), argv.join(' '));
    const exe = await machine.ok('readlink', `/proc/${monitorPid}/exe`);
    assert.ok(exe.startsWith(`${home}/`), `${exe} is not below ${home}`);
    const executed = await podman(conmon, 'exec', id, 'sh', '-c', 'exit 5');
    assert.equal(executed.exitCode, 5, executed.stderr);
    assert.equal(await podmanOk(conmon, 'logs', id), 'hello');
    await podmanOk(conmon, 'stop', id);
    assert.equal(await podmanOk(conmon, 'inspect', '--format', '{{.State.ExitCode}}', id), '137');
    await podmanOk(conmon, 'rm', id);
    await untilNoScope(...scopes);
  });
}

function podman(conmon: string, ...args: string[]) {
  return machine.run('podman', ['--cgroup-manager=systemd', `--conmon=${conmon}`, ...args], podmanEnv);
}

async function podmanOk(conmon: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await podman(conmon, ...args);
  assert.equal(exitCode, 0, `podman ${args.join(' ')} fails: ${stderr}`);
  return stdout;
}

async function readCgroup(pid: string): Promise<string> {
  const text = await machine.ok('cat', `/proc/${pid}/cgroup`);
  return /^0::(.*)$/m.exec(text)?.[1] ?? '';
}

async function untilNoScope(...scopes: string[]): Promise<void> {
  await until(`neither of ${scopes.join(', ')}`, async () => {
    const listed = await machine.ok(
      'systemctl',
      'list-units',
      '--all',
      '--plain',
      '--no-legend',
      '--type=scope',
    );
    return !scopes.some(scope => listed.includes(scope));
  });
}
