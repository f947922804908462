// What placements make for monitors is gone with the container, whoever deletes it. Over each conmon there is, in the
// cgroup file systems of this machine.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { findHierarchies } from '../../src/manager/cgroups/cgroupfs.ts';
import { cgroupfs, Runtime, type RuntimeOptions } from '../../src/manager/index.ts';
import { until, waitForEnd } from '../fixtures/waiting.ts';
import { Ctl } from './conmonctl-harness.ts';
import {
  type Conmon,
  conmons,
  makeManager,
  makeShellBundle,
  ociRuntime,
  runContainer,
} from './manager-harness.ts';

const hierarchies = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ path }) => path);

/** Not where this user may make no cgroups. */
const only = { skip: cgroupsAreWritable() ? false : 'cgroups can’t be made here' };

for (const conmon of conmons)
  describe(`placement over ${conmon.name}`, only, () => {
    test('cgroups named after a container are gone with it, those above stay', async t => {
      const { runtime, top } = makePlaced(t, conmon, '/of-{id}/monitor');
      await runtime.create('placed', { bundle: makeShellBundle(t, 'exit 0') });
      assert.deepEqual(list(`${top}/of-placed/monitor`), [true]);
      await runtime.delete('placed');
      assert.deepEqual([list(`${top}/of-placed`), list(top)], [[false], [true]]);
    });

    test('a creation that fails leaves none', async t => {
      const { runtime, top } = makePlaced(t, conmon, '/{id}');
      const bundle = makeShellBundle(t, 'exit 0');
      writeFileSync(join(bundle, 'config.json'), '{"ociVersion": "1.0.2", "process": {"args": []}}');
      await assert.rejects(runtime.create('failed', { bundle }), { code: 'ERR_RUNTIME' });
      assert.deepEqual([list(`${top}/failed`), list(top)], [[false], [true]]);
    });

    test('a process without the placement removes them too', async t => {
      const { runtime, top } = makePlaced(t, conmon, '/{id}');
      await runtime.create('placed', { bundle: makeShellBundle(t, 'exit 0') });
      const other = new Runtime({ root: runtime.root, runtime: ociRuntime, conmon: conmon.path });
      await other.delete('placed');
      assert.deepEqual(list(`${top}/placed`), [false]);
    });

    test('those of a creation whose process was killed are removed with what came of it', async t => {
      const top = makeTop(t);
      const runtime = makeManager(t, conmon);
      const library = new URL('../../src/manager/index.ts', import.meta.url).href;
      const options = { root: runtime.root, runtime: ociRuntime, conmon: conmon.path };
      const script = `import { cgroupfs, Runtime } from ${JSON.stringify(library)};
        const place = cgroupfs({ path: ${JSON.stringify(`${top}/{id}`)} });
        const kill = async placed => { await place(placed); process.kill(process.pid, 'SIGKILL'); };
        const placement = Object.assign(kill, { cgroupsOf: place.cgroupsOf });
        const runtime = new Runtime(${JSON.stringify(options)});
        await runtime.create('killed', { bundle: ${JSON.stringify(makeShellBundle(t, 'exit 0'))}, placement });`;
      const creator = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
      assert.deepEqual(await once(creator, 'exit'), [null, 'SIGKILL']);
      assert.deepEqual(list(`${top}/killed`), [true]);
      // The end of its start pipe is a go for the monitor: the creation goes on for a moment.
      await until('the container to be deleted', () =>
        runtime.delete('killed', { force: true }).then(
          () => true,
          ({ code }) => code === 'ERR_NOT_FOUND',
        ),
      );
      assert.deepEqual([list(`${top}/killed`), list(top)], [[false], [true]]);
    });

    test('one with somebody else in it stays, and fails nothing', async t => {
      const { runtime, top } = makePlaced(t, conmon, '/{id}');
      await runtime.create('shared', { bundle: makeShellBundle(t, 'exit 0') });
      const other = spawn('sleep', ['1000']);
      const ended = once(other, 'exit');
      for (const path of hierarchies) {
        writeFileSync(join(path, top, 'shared/cgroup.procs'), String(other.pid));
      }
      await runtime.delete('shared');
      assert.deepEqual(list(`${top}/shared`), [true]);
      assert.match(readFileSync(`/proc/${other.pid}/cgroup`, 'utf8'), new RegExp(`:${top}/shared$`, 'm'));
      other.kill('SIGKILL');
      await ended;
      for (const path of hierarchies) rmdirSync(join(path, top, 'shared'));
    });

    test('those of a command’s monitor are gone with the command', async t => {
      const { runtime, top } = makePlaced(t, conmon, '/{id}');
      const bundle = makeShellBundle(t, 'read -r _');
      await runContainer(runtime, 'plain', bundle, { stdin: true, placement: async () => {} });
      const seen = await runtime.exec('plain', { args: ['/bin/cat'], stdin: true });
      assert.deepEqual(list(`${top}/plain`), [true]);
      seen.stdin.end();
      await seen.ended;
      assert.deepEqual(list(`${top}/plain`), [false]);
    });

    test('remove of a placement is called when the container is gone, and may fail', async t => {
      const removed: string[] = [];
      const remove = async (id: string) => {
        removed.push(id);
        throw new Error('no');
      };
      const runtime = makeManager(t, conmon, { placement: Object.assign(async () => {}, { remove }) });
      await runtime.create('custom', { bundle: makeShellBundle(t, 'exit 0') });
      await runtime.delete('custom');
      assert.deepEqual(removed, ['custom']);
    });

    test('conmonctl run --rm: the monitor’s own exit command removes its cgroup', async t => {
      const top = makeTop(t);
      const ctl = new Ctl(t, { runtime: ociRuntime, conmon });
      const bundle = makeShellBundle(t, 'read -r _; exit 3');
      const words = ['--rm', '-d', '-i', '--leave-stdin-open', '--id', 'ctl', '--cgroup', `${top}/{id}`];
      await ctl.must(['run', ...words, bundle]);
      const { monitorPid } = JSON.parse(await ctl.must(['state', '--json', 'ctl']));
      assert.deepEqual(list(`${top}/ctl`), [true]);
      await ctl.must(['kill', '--signal', 'KILL', 'ctl']);
      waitForEnd(monitorPid);
      assert.deepEqual([list(`${top}/ctl`), list(top)], [[false], [true]]);
    });
  });

function makePlaced(t: TestContext, conmon: Conmon, below: string, options: RuntimeOptions = {}) {
  const top = makeTop(t);
  return {
    top,
    runtime: makeManager(t, conmon, { placement: cgroupfs({ path: `${top}${below}` }), ...options }),
  };
}

let tops = 0;

/** Makes a cgroup in every hierarchy, that is gone after the test. */
function makeTop(t: TestContext): string {
  tops += 1;
  const top = `/manager-placement-${process.pid}-${tops}`;
  for (const path of hierarchies) mkdirSync(join(path, top));
  t.after(() => {
    for (const path of hierarchies) rmdirSync(join(path, top));
  });
  return top;
}

/** Whether it is there: one answer for all hierarchies where they agree. */
function list(cgroup: string): boolean[] {
  return [...new Set(hierarchies.map(path => existsSync(join(path, cgroup))))];
}

function cgroupsAreWritable(): boolean {
  const name = `manager-probe-${process.pid}`;
  try {
    for (const path of hierarchies) mkdirSync(join(path, name));
    return hierarchies.length > 0;
  } catch {
    return false;
  } finally {
    for (const path of hierarchies) if (existsSync(join(path, name))) rmdirSync(join(path, name));
  }
}
