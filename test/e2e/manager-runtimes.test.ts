// The OCI runtime of each container: chosen at its creation, and used for it by every process from then on. Over each
// conmon there is.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { findInPath } from '../../src/manager/executables.ts';
import { type CgroupManager, type CreateOptions, Runtime } from '../../src/manager/index.ts';
import { readIfThere } from '../fixtures/monitored.ts';
import { conmons, makeManager, makeShellBundle, ociRuntime, runContainer } from './manager-harness.ts';

const runtimePath = findInPath(ociRuntime) ?? ociRuntime;

for (const conmon of conmons)
  describe(`runtime of a container over ${conmon.name}`, () => {
    test('every call, of another process too, is one of the runtime that was chosen by the options', async t => {
      const [usual, untrusted] = [makeRecorder(t), makeRecorder(t)];
      const runtimeFor = (_id: string, { labels }: CreateOptions) =>
        labels?.['trust'] === 'none' ? { path: untrusted.path, args: [...untrusted.args] } : undefined;
      const runtime = makeManager(t, conmon, { runtime: usual.path, runtimeFor });
      const bundle = makeShellBundle(t, 'read -r _; exit 3');
      await runContainer(runtime, 'untrusted', bundle, { stdin: true, labels: { trust: 'none' } });
      const other = new Runtime({ root: runtime.root, runtime: '/bin/false', conmon: conmon.path });
      assert.equal((await other.state('untrusted')).status, 'running');
      assert.equal((await other.execSync('untrusted', { args: ['/bin/sh', '-c', 'exit 5'] })).exitCode, 5);
      await other.kill('untrusted', 'SIGCONT');
      await other.stop('untrusted', { timeoutMs: 0 });
      await other.delete('untrusted');
      assert.deepEqual(usual.calls(), []);
      const called = new Set(untrusted.calls().map(([name]) => name));
      for (const name of ['create', 'start', 'state', 'exec', 'kill', 'delete'])
        assert.ok(called.has(name), name);
    });

    test('one given to create counts more than the rule; what fails is undone with it', async t => {
      const [usual, own] = [makeRecorder(t), makeRecorder(t)];
      const runtime = makeManager(t, conmon, { runtime: usual.path, runtimeFor: () => usual.path });
      assert.deepEqual([runtime.name, runtime.path], [basename(usual.path), usual.path]);
      const bundle = makeShellBundle(t, 'exit 0');
      await runtime.create('own', { bundle, runtime: own.path });
      await runtime.delete('own');
      writeFileSync(join(bundle, 'config.json'), '{"ociVersion": "1.0.2", "process": {"args": []}}');
      await assert.rejects(runtime.create('failed', { bundle, runtime: own.path }), { code: 'ERR_RUNTIME' });
      assert.deepEqual(usual.calls(), []);
      const nowhere = runtime.create('nowhere', {
        bundle: makeShellBundle(t, ''),
        runtime: 'no-such-runtime',
      });
      await assert.rejects(nowhere, { code: 'ERR_ARGUMENT' });
    });

    test('pivot, log size and cgroup manager are the Runtime’s, unless create says otherwise', async t => {
      const recorder = makeRecorder(t);
      const systemd = { noPivot: true, logSizeMaxBytes: 10_000, cgroupManager: 'systemd' } as const;
      const runtime = makeManager(t, conmon, { runtime: recorder.path, ...systemd });
      const bundle = makeShellBundle(t, 'exit 0');
      await runtime.create('usual', { bundle });
      const monitor = await readMonitor(runtime, 'usual');
      assert.deepEqual(monitor.slice(monitor.indexOf('--log-size-max')).slice(0, 2), [
        '--log-size-max',
        '10000',
      ]);
      assert.deepEqual(recorder.calls()[0], ['create', '--systemd-cgroup', '--no-pivot']);
      const plain = {
        noPivot: false,
        logSizeMaxBytes: Number.POSITIVE_INFINITY,
        cgroupManager: 'cgroupfs',
      } as const;
      await runtime.create('plain', { bundle: makeShellBundle(t, 'exit 0'), ...plain });
      assert.deepEqual(recorder.calls().at(-1), ['create']);
      assert.ok(!(await readMonitor(runtime, 'plain')).includes('--log-size-max'));
      await runtime.delete('plain');
      await runtime.delete('usual');
      assert.deepEqual(recorder.calls().at(-1), ['delete', '--systemd-cgroup']);
    });
  });

test('runtime: what is no size or no cgroup manager is refused', () => {
  const root = '/nowhere';
  for (const logSizeMaxBytes of [0, -1, 1.5, Number.NaN])
    assert.throws(() => new Runtime({ root, runtime: runtimePath, logSizeMaxBytes }), {
      code: 'ERR_ARGUMENT',
    });
  const cgroupManager = 'cgroups' as CgroupManager;
  assert.throws(() => new Runtime({ root, runtime: runtimePath, cgroupManager }), { code: 'ERR_ARGUMENT' });
});

/** The runtime under another name. What is asked of it is written down, with the options that make a difference here; it
 * does not see `--systemd-cgroup`, which it could not satisfy without systemd. */
function makeRecorder(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'manager-runtime-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'recorder');
  const log = join(dir, 'calls');
  const script = `#!/bin/sh
options=
name=
for word; do
  shift
  case $word in
    --systemd-cgroup) options="$options $word"; continue;;
    --no-pivot) options="$options $word";;
    create|start|state|kill|exec|delete) [ "$name" ] || name=$word;;
  esac
  set -- "$@" "$word"
done
echo "$name$options" >>'${log}'
exec '${runtimePath}' "$@"
`;
  writeFileSync(path, script, { mode: 0o755 });
  return {
    path,
    args: ['--debug'],
    calls: () =>
      readIfThere(log)
        .split('\n')
        .filter(line => line !== '')
        .map(line => line.split(' ')),
  };
}

async function readMonitor(runtime: Runtime, id: string): Promise<string[]> {
  const { monitorPid } = await runtime.state(id);
  return readFileSync(`/proc/${monitorPid}/cmdline`, 'utf8').split('\0');
}
