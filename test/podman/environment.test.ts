import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { underEachConmon } from './harness/under-each-conmon.ts';

/** Each of these would make an engine or a C library that saw it fail, act otherwise, or run somebody else's code. */
const engineVariables = [
  'NODE_OPTIONS=--require=/no/such/file.js --max-old-space-size=not-a-number',
  'NODE_V8_COVERAGE=/no/such/directory',
  'NODE_EXTRA_CA_CERTS=/no/such/file.pem',
  'GLIBC_TUNABLES=glibc.malloc.check=3',
  'MALLOC_PERTURB_=255',
  'LOCPATH=/no/such/directory',
  'NLSPATH=/no/such/directory',
  'PLAIN=as it is',
];

/** Keeps the environment that the runtime got, and what it was called for. */
const spyingRuntime = (runc: string, home: string) => `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
for word; do case $word in create|exec) env > ${home}/tmp/environment.$word ;; esac; done
exec '${runc}' "$@"
`;

underEachConmon(
  'environment',
  podman => {
    const seenBy = async (command: string) =>
      (await readFile(join(podman().directory, 'tmp', `environment.${command}`), 'utf8')).split('\n');

    test('engine switches in conmon’s environment act on nothing, and reach the runtime unharmed', async () => {
      await podman().runDetached('--name', 'host', 'box', 'sleep', '1000');
      const { argv: _argv, ...facts } = await podman().readConmon('host');
      assert.equal(facts.comm, 'conmon');
      const { exitCode, stdout } = await podman().call(['exec', 'host', 'sh', '-c', 'echo fine; exit 5']);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 5, stdout: 'fine\n' });
      for (const command of ['create', 'exec']) {
        const lines = await seenBy(command);
        for (const variable of engineVariables)
          assert.ok(lines.includes(variable), `${variable} for runc ${command}`);
      }
    });

    test('conmon adds nothing to the runtime’s environment but LISTEN_PID', async () => {
      await podman().ok('run', '--rm', 'box', 'true');
      const expected = new Set([
        ...engineVariables.map(variable => variable.split('=')[0]!),
        ...['PATH', 'HOME', 'PWD', 'OLDPWD', 'SHLVL', '_', 'LC_ALL', 'XDG_RUNTIME_DIR', 'LISTEN_PID'],
      ]);
      const names = (await seenBy('create')).filter(line => line !== '').map(line => line.split('=')[0]!);
      const others = names.filter(name => !expected.has(name) && !/^(_OCI|_?CONTAINERS)_/.test(name));
      assert.deepEqual(others, []);
    });

    test('--env-host: the same switches in podman’s own environment are the container’s as they were', async () => {
      const env = Object.fromEntries(engineVariables.map(variable => variable.split(/=(.*)/s).slice(0, 2)));
      const { exitCode, stdout } = await podman().call(['run', '--rm', '--env-host', 'box', '/bin/env'], {
        env,
      });
      assert.equal(exitCode, 0);
      for (const variable of engineVariables) assert.ok(stdout.split('\n').includes(variable), variable);
    });

    test('an engine’s configuration in the working directory is not read', async () => {
      const cwd = join(podman().directory, 'trap');
      const sprung = join(podman().directory, 'sprung');
      await mkdir(cwd, { recursive: true });
      try {
        const spring = `require('node:fs').writeFileSync(${JSON.stringify(sprung)}, '');`;
        await writeFile(join(cwd, 'main.ts'), spring);
        await writeFile(join(cwd, '.env'), 'PLAIN=changed\nTZ=Asia/Kathmandu\n');
        await writeFile(join(cwd, 'package.json'), '{ "type": "module", "imports": {} ');
        await writeFile(join(cwd, 'tsconfig.json'), '{ "compilerOptions": ');
        const { exitCode, stdout } = await podman().call(['run', '--rm', 'box', 'echo', 'fine'], { cwd });
        assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'fine\n' });
        assert.ok((await seenBy('create')).includes('PLAIN=as it is'));
        assert.ok(!existsSync(sprung));
      } finally {
        await rm(cwd, { recursive: true });
      }
    });
  },
  { conmonEnv: engineVariables, wrapRuntime: spyingRuntime },
);
