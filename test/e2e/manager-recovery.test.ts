// What a manager that was killed had begun, and what is left when the monitor is gone: found, finished or removed by the
// next one.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { StateError } from '../../src/manager/index.ts';
import { identifyProcess, isRunning } from '../../src/manager/processes/processes.ts';
import { layOut, layOutContainer } from '../../src/manager/state/layout.ts';
import { formatIdentity, formatPhase, ownIdentity, ownPhase } from '../../src/manager/state/phase.ts';
import { makeFolder, makeGate, openGate } from '../fixtures/monitored.ts';
import { makeSickRuntime } from '../fixtures/sick-runtime.ts';
import { until } from '../fixtures/waiting.ts';
import {
  beside,
  conmons,
  makeManager,
  makeShellBundle,
  ociRuntime,
  runContainer,
  startManager,
} from './manager-harness.ts';

for (const conmon of conmons)
  describe(`manager’s recovery over ${conmon.name}`, () => {
    test('creator killed while its runtime is busy: it is being created until the runtime has ended', async t => {
      const runtime = makeManager(t, conmon);
      const gate = makeGate(t);
      const made = join(makeFolder(t), 'made');
      const create = `"$healthy" "$@" || exit; : >${made}; read go <${gate}; exit 0`;
      const slow = makeSickRuntime(t, ociRuntime, { create });
      const bundle = makeShellBundle(t, 'exit 6');
      const creator = startManager(t, runtime, conmon, slow, 'create', 'busy', { bundle });
      await until('the container being there', () => existsSync(made));
      await creator.kill();
      // C conmon up to 2.1.6 ends when nobody reads its report; until then it waits for the runtime, as ours.
      assert.equal((await runtime.state('busy')).status, 'creating');
      await assert.rejects(runtime.start('busy'), StateError);
      openGate(gate);
      const settled = await until('the end of the creation', async () => {
        const states = await runtime.list();
        return states.every(({ status }) => status !== 'creating') && { states };
      });
      if (conmon.name !== 'our conmon') return;
      assert.equal(settled.states[0]?.status, 'created');
      await runtime.start('busy');
      assert.equal((await runtime.wait('busy')).exitCode, 6);
    });

    test('creator killed while its runtime hangs: a deletion by force ends the creation', async t => {
      const runtime = makeManager(t, conmon);
      const asked = join(makeFolder(t), 'asked');
      const hangs = makeSickRuntime(t, ociRuntime, { create: `: >${asked}; exec sleep 1000` });
      const bundle = makeShellBundle(t, 'exit 0');
      const creator = startManager(t, runtime, conmon, hangs, 'create', 'hung', { bundle });
      await until('the runtime being asked', () => existsSync(asked));
      await creator.kill();
      assert.equal((await runtime.state('hung')).status, 'creating');
      await assert.rejects(runtime.delete('hung'), StateError);
      await runtime.delete('hung', { force: true });
      assert.deepEqual(readNames(join(runtime.root, 'incarnations')), []);
      await runtime.create('hung', { bundle });
    });

    test('undoing: a runtime that is done only after it was told to delete leaves nothing', async t => {
      const runtime = makeManager(t, conmon);
      const once = join(makeFolder(t), 'once');
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      const late = `"$healthy" "$1" "$2" create --bundle ${bundle} late </dev/null >/dev/null 2>&1`;
      const path = makeSickRuntime(t, ociRuntime, {
        create: 'echo refused >&2; exit 1',
        delete: `[ -e ${once} ] || { : >${once}; "$healthy" "$@"; ${late}; exit 0; }`,
      });
      const sick = beside(runtime, conmon, path);
      await assert.rejects(sick.create('late', { bundle }), /refused/);
      assert.ok(existsSync(once));
      assert.deepEqual(readNames(join(runtime.root, 'runtime')), []);
      assert.deepEqual(readNames(join(runtime.root, 'incarnations')), []);
    });

    test('start: without a monitor the program is not started', async t => {
      const runtime = makeManager(t, conmon);
      await runtime.create('alone', { bundle: makeShellBundle(t, 'exec sleep 1000') });
      const { monitorPid } = await runtime.state('alone');
      const monitor = identifyProcess(monitorPid!)!;
      process.kill(monitor.pid, 'SIGKILL');
      await until('the monitor being gone', () => !isRunning(monitor));
      await assert.rejects(runtime.start('alone'), StateError);
      assert.equal((await runtime.state('alone')).status, 'created');
    });

    test('state: of one whose process is gone it waits a moment for the exit code', async t => {
      const healthy = makeManager(t, conmon);
      const monitor = join(makeFolder(t), 'monitor');
      const resume = `"$healthy" "$@"; status=$?; (sleep 0.1; kill -CONT $(cat ${monitor})) >&- 2>&- & exit $status`;
      const state = `[ -e ${monitor} ] || exec "$healthy" "$@"; ${resume}`;
      const runtime = beside(healthy, conmon, makeSickRuntime(t, ociRuntime, { state }));
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      // A machine under load may take longer than that moment; nobody who does not wait ever has the code.
      await until('a state with its exit code', async () => {
        await runContainer(runtime, 'moment', bundle);
        const { pid, monitorPid } = await runtime.state('moment');
        process.kill(monitorPid!, 'SIGSTOP');
        process.kill(pid!, 'SIGKILL');
        await runtime.wait('moment', 'stopped');
        writeFileSync(monitor, String(monitorPid));
        const { status, exitCode } = await runtime.state('moment');
        rmSync(monitor);
        assert.equal(status, 'stopped');
        await runtime.delete('moment');
        return exitCode === 137;
      });
    });

    test('exec: past its time a command is killed also where its manager has died', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'long', makeShellBundle(t, 'exec sleep 1000'));
      const options = { args: ['/bin/sleep', '999'], timeoutMs: 2000 };
      const manager = startManager(t, runtime, conmon, ociRuntime, 'exec', 'long', options);
      const command = identifyProcess(await manager.done);
      await manager.kill();
      await until('the command being gone', () => !command || !isRunning(command));
      assert.equal((await runtime.state('long')).status, 'running');
    });
  });

test('list: throws away what somebody who died had half made or half removed, and nothing else', async t => {
  const runtime = makeManager(t, conmons[0]!);
  const bundle = makeShellBundle(t, 'exit 0');
  await runtime.create('good', { bundle });
  const { incarnations, containers } = layOut(runtime.root);
  const dead = { ...ownIdentity(), startTicks: '1' };
  const kept = [`.draft.${formatIdentity(ownIdentity())}.1`];
  const makeUnlinked = (digit: string, phase: string) => {
    const paths = layOutContainer(layOut(runtime.root), 'loose', digit.repeat(16));
    mkdirSync(paths.phase, { recursive: true });
    writeFileSync(join(paths.phase, phase), '');
    return paths.dir.slice(incarnations.length + 1);
  };
  mkdirSync(join(incarnations, kept[0]!));
  mkdirSync(join(incarnations, `.draft.${formatIdentity(dead)}.2`));
  mkdirSync(join(incarnations, '.old.1.3', 'below'), { recursive: true });
  writeFileSync(join(containers, '.old.1.4'), '');
  makeUnlinked('1', formatPhase({ name: 'creating', owner: dead }));
  makeUnlinked('2', formatPhase({ name: 'deleting', owner: dead }));
  makeUnlinked('3', 'deleting');
  kept.push(makeUnlinked('4', formatPhase(ownPhase('creating'))));
  kept.push(makeUnlinked('5', formatPhase(ownPhase('deleting'))));
  const { incarnation } = await runtime.state('good');
  kept.push(`good@${incarnation}`);
  assert.deepEqual(
    (await runtime.list()).map(({ id }) => id),
    ['good'],
  );
  assert.deepEqual(readdirSync(incarnations).sort(), kept.sort());
  assert.deepEqual(readdirSync(containers), ['good']);
  assert.equal((await runtime.state('good')).status, 'created');
});

function readNames(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
