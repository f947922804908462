// The library in a checkout whose addon has not been built: the same containers, with nothing to attach to.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, type TestContext, test } from 'node:test';
import { finish } from './conmonctl-harness.ts';
import {
  conmons,
  makeManager,
  makeShellBundle,
  ociRuntime,
  readOutputAtTimeout,
  runContainer,
} from './manager-harness.ts';

const checkout = makeCheckout();
after(() => rmSync(checkout, { recursive: true, force: true }));
const { AddonError, ExecTimeoutError, Runtime, RuntimeError } = await importLibrary(checkout);

const refusal = (wish: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AddonError);
  assert.equal(error.code, 'ERR_ADDON');
  assert.match(error.message, wish);
  assert.match(error.message, /\/dist\/sys\.node.*: `npm run build` in a checkout makes it$/);
  return true;
};

for (const conmon of conmons)
  describe(`manager without its addon over ${conmon.name}`, () => {
    const make = (t: TestContext) => makeManager(t, conmon, {}, Runtime);

    test('a container’s life: create, start, exec, logs, wait, delete', async t => {
      const runtime = make(t);
      const bundle = makeShellBundle(t, 'echo out; sleep 1000');
      await runContainer(runtime, 'no-addon', bundle);
      assert.equal((await runtime.state('no-addon')).status, 'running');
      const ended = runtime.wait('no-addon');
      const command = { args: ['/bin/sh', '-c', 'printf "out\\nlast"; printf err >&2; exit 3'] };
      const { exitCode, stdout, stderr } = await runtime.execSync('no-addon', command);
      assert.deepEqual([exitCode, stdout.toString(), stderr.toString()], [3, 'out\nlast', 'err']);
      assert.deepEqual(readdirSync(join(runtime.root, 'containers/no-addon/exec')), []);
      await runtime.kill('no-addon', 'SIGKILL');
      assert.equal((await ended).exitCode, 137);
      const lines: string[] = [];
      for await (const { data } of runtime.logs('no-addon', { follow: true })) lines.push(data.toString());
      assert.deepEqual(lines, ['out']);
      assert.deepEqual(
        (await runtime.list()).map(({ id, status }) => [id, status]),
        [['no-addon', 'stopped']],
      );
      await runtime.delete('no-addon');
      assert.deepEqual(await runtime.list(), []);
      assert.equal((await runtime.wait('no-addon')).exitCode, 137);
    });

    test('stop: the polite signal is waited for, and SIGKILL comes where it is not heard', async t => {
      const runtime = make(t);
      await runContainer(
        runtime,
        'polite',
        makeShellBundle(t, 'trap "exit 4" TERM; echo up; while :; do sleep 0.1; done'),
      );
      for await (const _ of runtime.logs('polite', { follow: true })) break;
      assert.equal((await runtime.stop('polite')).exitCode, 4);
      await runContainer(
        runtime,
        'deaf',
        makeShellBundle(t, 'trap "" TERM; echo up; while :; do sleep 0.1; done'),
      );
      for await (const _ of runtime.logs('deaf', { follow: true })) break;
      const stops = [runtime.stop('deaf', { timeoutMs: 100 }), runtime.stop('deaf')];
      assert.deepEqual(
        (await Promise.all(stops)).map(({ exitCode }) => exitCode),
        [137, 137],
      );
    });

    test('exec: its output is read while it runs, all of it, and its time and its errors are what they are', async t => {
      const runtime = make(t);
      await runContainer(runtime, 'no-addon-exec', makeShellBundle(t, 'sleep 1000'));
      const talks = { args: ['/bin/sh', '-c', 'echo begun; exec sleep 1000'] };
      const session = await runtime.exec('no-addon-exec', talks);
      for await (const chunk of session.stdout.iterator({ destroyOnReturn: false })) {
        assert.equal(chunk.toString(), 'begun\n');
        break;
      }
      session.kill('SIGTERM');
      const [end, rest] = await Promise.all([session.ended, text(session.stdout)]);
      assert.deepEqual([end.exitCode, rest, await session.outcome], [143, '', 'ended']);

      const long = { args: ['/bin/sh', '-c', 'head -c 3000000 /dev/zero; seq 10000'] };
      const { stdout } = await runtime.execSync('no-addon-exec', long);
      const numbers = Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join('');
      assert.ok(stdout.equals(Buffer.concat([Buffer.alloc(3_000_000), Buffer.from(numbers)])));

      assert.equal(await readOutputAtTimeout(runtime, 'no-addon-exec', talks, ExecTimeoutError), 'begun\n');
      await assert.rejects(runtime.execSync('no-addon-exec', { args: ['/nowhere'] }), (error: unknown) => {
        assert.ok(error instanceof RuntimeError);
        assert.match(error.words, /nowhere/);
        return true;
      });
    });

    test('attach, and input or a terminal for a command, are refused with what is missing', async t => {
      const runtime = make(t);
      await runContainer(runtime, 'alone', makeShellBundle(t, 'sleep 1000'));
      await assert.rejects(
        runtime.attach('alone'),
        refusal(/^Node\.js alone can’t attach to a container, and the addon /),
      );
      const command = { args: ['/bin/cat'] };
      const wish = /^Node\.js alone can’t give a command input or a terminal, and the addon /;
      await assert.rejects(runtime.execSync('alone', { ...command, input: 'x' }), refusal(wish));
      await assert.rejects(runtime.exec('alone', { ...command, terminal: true }), refusal(wish));
      assert.equal((await runtime.state('alone')).status, 'running');
    });
  });

test('conmonctl: doctor advises, exec works, and what has to attach says what to do instead', async t => {
  const root = mkdtempSync(join(tmpdir(), 'conmonctl-'));
  const [conmon] = conmons;
  assert.ok(conmon);
  const globals = ['--root', root, '--runtime', ociRuntime, '--conmon', conmon.path];
  const call = (name: string, ...words: string[]) =>
    finish(
      spawn(process.execPath, [join(checkout, 'bin/conmonctl'), name, ...globals, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  t.after(async () => {
    await call('delete', '--force', 'no-addon-one'); // hooks run in their order: the container first, then what knows of it
    rmSync(root, { recursive: true, force: true });
  });
  const { findings, ready } = JSON.parse((await call('doctor', '--json')).stdout);
  const { verdict, found } = findings.find(({ about }: { about: string }) => about === 'addon');
  assert.deepEqual([ready, verdict], [true, 'advice']);
  assert.match(found, /sys\.node/);

  const bundle = makeShellBundle(t, 'sleep 1000');
  const run = await call('run', '--id', 'no-addon-one', bundle);
  assert.equal(run.status, 125);
  assert.match(run.stderr, /^conmonctl: Node\.js alone can’t attach .*\n {2}try: `conmonctl run -d`/);
  assert.equal((await call('list', '-q')).stdout, '');
  assert.equal((await call('run', '-d', '--id', 'no-addon-one', bundle)).status, 0);
  const said = await call('exec', 'no-addon-one', '--', '/bin/sh', '-c', 'echo said; exit 3');
  assert.deepEqual([said.status, said.stdout, said.stderr], [3, 'said\n', '']);
  const refused = await call('exec', '-i', 'no-addon-one', '--', '/bin/cat');
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /\n {2}try: `conmonctl exec no-addon-one -- …`, without -i and -t/);
});

const built = readFileSync(join(import.meta.dirname, '../../dist/sys.node'));
/** Of an ELF header: the processor. */
const machineAt = 18;
const damages = {
  'is no shared object': { addon: Buffer.from('no ELF'), told: /dist\/sys\.node: .*(too short|ELF|format)/ },
  'is for another processor': {
    addon: built.with(machineAt, built[machineAt]! ^ 1),
    told: /dist\/sys\.node: /, // glibc says that there is no such file
  },
  'is of another version of the library': {
    addon: Buffer.from(built.toString('latin1').replace('nodeLoop', 'nodeLoup'), 'latin1'),
    told: /is of another version of the library/,
  },
};

for (const [how, { addon, told }] of Object.entries(damages))
  test(`an addon that ${how} is told as such, and all but attaching goes on`, async t => {
    const damaged = makeCheckout();
    t.after(() => rmSync(damaged, { recursive: true, force: true }));
    mkdirSync(join(damaged, 'dist'));
    writeFileSync(join(damaged, 'dist/sys.node'), addon);
    const library = await importLibrary(damaged);
    const [conmon] = conmons;
    assert.ok(conmon);
    const runtime = makeManager(t, conmon, {}, library.Runtime);
    await runContainer(runtime, 'no-addon-one', makeShellBundle(t, 'sleep 1000'));
    await assert.rejects(runtime.attach('no-addon-one'), (error: unknown) => {
      assert.ok(error instanceof library.AddonError);
      assert.match(error.message, told);
      return true;
    });
    assert.equal((await runtime.stop('no-addon-one', { timeoutMs: 0 })).exitCode, 137);
    assert.equal((await runtime.wait('no-addon-one')).exitCode, 137);
  });

/** What library and conmonctl are made of, with nothing built. */
function makeCheckout(): string {
  const project = join(import.meta.dirname, '../..');
  const dir = mkdtempSync(join(tmpdir(), 'without-addon-'));
  for (const name of ['src/manager', 'src/cli', 'src/proc', 'src/sys', 'bin', 'package.json'])
    cpSync(join(project, name), join(dir, name), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

async function importLibrary(dir: string): Promise<typeof import('../../src/manager/index.ts')> {
  return import(join(dir, 'src/manager/index.ts'));
}
