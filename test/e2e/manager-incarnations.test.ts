// One ID has one container after the other: nothing that is meant for one of them meets another. And what is written
// down about them may be touched by others, or half done by who died.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ContainerState, ExistsError, type Runtime, StateError } from '../../src/manager/index.ts';
import { identifyProcess, isRunning } from '../../src/manager/processes/processes.ts';
import { makeFolder, makeGate, openGate, readIfThere } from '../fixtures/monitored.ts';
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
  describe(`manager’s incarnations over ${conmon.name}`, () => {
    test('two delete while a third creates the ID anew, 15 times: the new container is whole', async t => {
      const runtime = makeManager(t, conmon);
      const others = [1, 2, 3].map(() => beside(runtime, conmon));
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      const second = makeShellBundle(t, 'exec sleep 1000');
      await runContainer(runtime, 'again', bundle);
      for (let round = 0; round < 15; round++) {
        const { incarnation: before } = await runtime.state('again');
        const [one, two, creator] = others as [Runtime, Runtime, Runtime];
        await Promise.all([
          one.delete('again', { force: true }),
          two.delete('again', { force: true }),
          createPersistently(creator, 'again', round % 2 === 0 ? second : bundle),
        ]);
        const state = await runtime.state('again');
        assert.notEqual(state.incarnation, before);
        assert.deepEqual([state.status, state.synthetic, state.deleting], ['created', false, false]);
        assert.deepEqual(listKnown(runtime), ['again']);
      }
    });

    test('what is meant for a former incarnation does not meet the one that has the ID, and is still answered', async t => {
      const runtime = makeManager(t, conmon);
      const told: unknown[] = [];
      await runContainer(runtime, 'twice', makeShellBundle(t, 'exit 3'), {
        exitCommand: container => {
          told.push(container);
          return { file: 'true' };
        },
      });
      await runtime.wait('twice');
      const { incarnation } = await runtime.state('twice');
      assert.deepEqual(told, [{ id: 'twice', incarnation }]);
      const former = { incarnation: incarnation! };
      await runtime.delete('twice', former);
      await runContainer(runtime, 'twice', makeShellBundle(t, 'exec sleep 1000'));

      await runtime.delete('twice', { ...former, force: true });
      assert.equal((await runtime.stop('twice', former)).exitCode, 3);
      assert.equal((await runtime.wait('twice', 'exited', former)).exitCode, 3);
      const { status, exitCode } = await runtime.state('twice', former);
      assert.deepEqual([status, exitCode], ['stopped', 3]);
      for (const call of [
        () => runtime.kill('twice', 'SIGKILL', former),
        () => runtime.pause('twice', former),
        () => runtime.exec('twice', { args: ['true'], ...former }),
        () => runtime.attach('twice', former),
      ])
        await assert.rejects(call, { code: 'ERR_NOT_FOUND' });

      const state = await runtime.state('twice');
      assert.deepEqual([state.status, state.exitCode], ['running', undefined]);
      assert.notEqual(state.incarnation, incarnation);
    });

    test('a wait that began before goes on for its own incarnation', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'waited', makeShellBundle(t, 'exit 4'));
      const { incarnation } = await runtime.state('waited');
      await runtime.wait('waited');
      await runtime.delete('waited');
      await runContainer(runtime, 'waited', makeShellBundle(t, 'exit 5'));
      assert.equal((await runtime.wait('waited')).exitCode, 5);
      assert.equal((await runtime.wait('waited', 'exited', { incarnation: incarnation! })).exitCode, 4);
    });

    test('killed while it deletes: what its runtime still does ends before the ID is free', async t => {
      const healthy = makeManager(t, conmon);
      const gate = makeGate(t);
      const [asked, hold] = ['asked', 'hold'].map(name => join(makeFolder(t), name)) as [string, string];
      const held = `[ ! -e ${hold} ] || { echo $$ >>${asked}; read go <${gate}; }; exec "$healthy" "$@"`;
      const path = makeSickRuntime(t, ociRuntime, { delete: held });
      const runtime = beside(healthy, conmon, path);
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      await runContainer(runtime, 'held', bundle);
      writeFileSync(hold, '');
      const victim = startManager(t, runtime, conmon, path, 'delete', 'held', { force: true });
      await until('the deletion being asked for', () => readLines(asked).length === 1);
      assert.equal((await runtime.state('held')).deleting, true);
      await victim.kill();

      // The naive way: what was left behind deletes whatever has the ID by then.
      const taken = runtime.delete('held', { force: true });
      await until('the deletion being taken over', () => readLines(asked).length === 2);
      const [left] = readLines(asked);
      assert.equal(readIfThere(`/proc/${left}/cmdline`), '');
      rmSync(hold);
      openGate(gate);
      await taken;
      await runtime.create('held', { bundle });
      assert.equal((await runtime.state('held')).status, 'created');
    });

    test('an undoing that failed locks no ID: the next creation tries it again', async t => {
      const healthy = makeManager(t, conmon);
      const sick = join(makeFolder(t), 'sick');
      const fails = `[ ! -e ${sick} ] || { echo sick >&2; exit 1; }; exec "$healthy" "$@"`;
      const path = makeSickRuntime(t, ociRuntime, { create: fails, delete: fails });
      const runtime = beside(healthy, conmon, path);
      const bundle = makeShellBundle(t, 'exit 0');
      writeFileSync(sick, '');
      await assert.rejects(runtime.create('locked', { bundle }), { code: 'ERR_RUNTIME' });
      await assert.rejects(runtime.create('locked', { bundle }), /sick/);
      await assert.rejects(runtime.delete('locked', { force: true }), /sick/);
      rmSync(sick);
      await runtime.create('locked', { bundle });
      assert.equal((await runtime.state('locked')).status, 'created');
    });

    test('delete by force that meets one without has its own way', async t => {
      const healthy = makeManager(t, conmon);
      const gate = makeGate(t);
      const asked = join(makeFolder(t), 'asked');
      const slow = `[ -e ${asked} ] || { : >${asked}; read go <${gate}; }; exec "$healthy" "$@"`;
      const path = makeSickRuntime(t, ociRuntime, { state: slow });
      const runtime = beside(healthy, conmon, path);
      await runContainer(runtime, 'forced', makeShellBundle(t, 'exec sleep 1000'));
      const gently = assert.rejects(runtime.delete('forced'), StateError);
      await until('the state being asked for', () => existsSync(asked));
      const forced = runtime.delete('forced', { force: true });
      openGate(gate);
      await Promise.all([gently, forced]);
      assert.equal((await runtime.state('forced')).synthetic, true);
    });

    test('records that are empty, half, newer or another’s: list answers for each, and force removes them', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      await runContainer(runtime, 'good', bundle);
      const damages: Record<string, (text: string) => string> = {
        empty: () => '',
        half: text => text.slice(0, text.length / 2),
        newer: text => text.replace('"version":1', '"version":2'),
        other: text => text.replace('"id":"other"', '"id":"good"'),
        list: () => '[]',
        untyped: text => text.replace('"terminal":false', '"terminal":"no"'),
        relative: text => text.replace('"bundle":"/', '"bundle":"../'),
      };
      for (const [id, damage] of Object.entries(damages)) {
        await runContainer(runtime, id, makeShellBundle(t, 'exec sleep 1000'));
        const path = join(runtime.root, 'containers', id, 'config.json');
        const text = readFileSync(path, 'utf8');
        assert.notEqual(damage(text), text, id);
        writeFileSync(path, damage(text));
        await assert.rejects(runtime.state(id), { code: 'ERR_RECORD' }, id);
        await assert.rejects(runtime.delete(id), { code: 'ERR_RECORD' }, id);
        await assert.rejects(runtime.create(id, { bundle }), ExistsError);
      }
      const listed = (await runtime.list()).map(({ id, status, error }) => [id, status, typeof error]);
      const unknown = Object.keys(damages).map(id => [id, 'unknown', 'string']);
      assert.deepEqual(listed, [...unknown, ['good', 'running', 'undefined']].sort());
      for (const id of Object.keys(damages)) await runtime.delete(id, { force: true });
      assert.deepEqual(listKnown(runtime), ['good']);
      assert.deepEqual(
        (await runtime.list()).map(({ id }) => id),
        ['good'],
      );
      const { status, exitCode } = await runtime.state('half');
      assert.deepEqual([status, exitCode], ['stopped', 137]);
    });

    test('damaged, with a sick runtime: force ends what runs, and the next one goes on', async t => {
      const healthy = makeManager(t, conmon);
      const sick = join(makeFolder(t), 'sick');
      const fails = `[ ! -e ${sick} ] || { echo sick >&2; exit 1; }; exec "$healthy" "$@"`;
      const runtime = beside(healthy, conmon, makeSickRuntime(t, ociRuntime, { delete: fails }));
      await runContainer(runtime, 'ill', makeShellBundle(t, 'exec sleep 1000'));
      const { pid } = await runtime.state('ill');
      const first = identifyProcess(pid!)!;
      writeFileSync(join(runtime.root, 'containers/ill/created.json'), '');
      writeFileSync(sick, '');
      await assert.rejects(runtime.delete('ill', { force: true }), /sick/);
      await until('the container being gone', () => !isRunning(first));
      rmSync(sick);
      await runtime.delete('ill', { force: true });
      assert.equal((await runtime.state('ill')).exitCode, 137);
      assert.deepEqual(listKnown(runtime), []);
    });

    test('directories where files should be: list answers, and force removes what they damage', async t => {
      const runtime = makeManager(t, conmon);
      await runContainer(runtime, 'good', makeShellBundle(t, 'exec sleep 1000'));
      mkdirSync(join(runtime.root, 'codes/junk'), { recursive: true });
      const places = [
        'config.json',
        'created.json',
        'exit/exit',
        'uses/junk',
        'deletion.json',
        'start-failure',
      ];
      for (const place of places) {
        const id = place.split('/')[0]!;
        await runContainer(runtime, id, makeShellBundle(t, 'exec sleep 1000'));
        const path = join(runtime.root, 'containers', id, place);
        rmSync(path, { force: true });
        mkdirSync(path);
        const listed = await runtime.list();
        assert.deepEqual(listed.map(state => state.id).sort(), ['good', id].sort(), place);
        await runtime.delete(id, { force: true });
        assert.deepEqual(listKnown(runtime), ['good'], place);
      }
      assert.deepEqual(
        (await runtime.list()).map(({ id }) => id),
        ['good'],
      );
    });

    test('a bundle in use: a second container is refused, and the first one keeps its sockets', async t => {
      const runtime = makeManager(t, conmon);
      const bundle = makeShellBundle(t, 'read line; exit 5');
      await runContainer(runtime, 'first', bundle, { stdin: true });
      await assert.rejects(runtime.create('second', { bundle }), { code: 'ERR_ARGUMENT' });
      await assert.rejects(runtime.create('first', { bundle }), { code: 'ERR_EXISTS' });
      (await runtime.attach('first')).resume().end('go\n');
      assert.equal((await runtime.wait('first')).exitCode, 5);
      await runtime.create('second', { bundle });
    });

    test('two copies of the library in one process: a call of one is waited for by the other', async t => {
      const healthy = makeManager(t, conmon);
      const gate = makeGate(t);
      const asked = join(makeFolder(t), 'asked');
      const kill = `case " $* " in *" 0 "*) exec "$healthy" "$@" ;; esac; : >${asked}; read go <${gate}`;
      const path = makeSickRuntime(t, ociRuntime, { kill });
      const library = `${new URL('../../src/manager/index.ts', import.meta.url)}`;
      const copies: typeof import('../../src/manager/index.ts')[] = [];
      for (const name of ['one', 'other']) copies.push(await import(`${library}?${name}`));
      const options = { root: healthy.root, conmon: conmon.path, runtime: path };
      const [one, other] = copies.map(copy => new copy.Runtime(options)) as [Runtime, Runtime];
      const bundle = makeShellBundle(t, 'exec sleep 1000');
      await runContainer(one, 'both', bundle);
      const slow = one.kill('both', 'SIGUSR1');
      await until('the slow call', () => existsSync(asked));
      for (let times = 0; times < 4; times++) await other.kill('both', 0 as number);
      const uses = readdirSync(join(healthy.root, 'containers/both/uses'));
      assert.equal(uses.length, 1);
      openGate(gate);
      await slow;
    });

    test('files among the containers that are none: list names them, and force removes only them', async t => {
      const runtime = makeManager(t, conmon);
      const aside = makeFolder(t);
      writeFileSync(join(aside, 'precious'), '');
      await runtime.create('good', { bundle: makeShellBundle(t, 'exit 0') });
      const containers = join(runtime.root, 'containers');
      writeFileSync(join(containers, 'foo~'), '');
      writeFileSync(join(containers, 'file'), '');
      mkdirSync(join(containers, 'folder', 'below'), { recursive: true });
      symlinkSync(aside, join(containers, 'elsewhere'));
      symlinkSync('../incarnations/good@0123456789abcdef', join(containers, 'nowhere'));
      const names = ['elsewhere', 'file', 'folder', 'foo~', 'nowhere'];
      const unknown = (await runtime.list()).filter(({ status }) => status === 'unknown');
      assert.deepEqual(unknown.map(({ id }) => id).sort(), names);
      for (const name of names) await runtime.delete(name, { force: true });
      assert.deepEqual(readdirSync(containers), ['good']);
      assert.ok(existsSync(join(aside, 'precious')));
      assert.equal((await runtime.state('good')).status, 'created');
      for (const name of ['../codes', '', '.', '..', 'gone~'])
        await assert.rejects(runtime.delete(name, { force: true }), { code: 'ERR_ARGUMENT' }, name);
    });

    test('state tells what a start that failed said, until one succeeds', async t => {
      const sick = join(makeFolder(t), 'sick');
      const start = `[ ! -e ${sick} ] || { echo 'no such program' >&2; exit 1; }; exec "$healthy" "$@"`;
      const runtime = beside(makeManager(t, conmon), conmon, makeSickRuntime(t, ociRuntime, { start }));
      await runtime.create('unstarted', { bundle: makeShellBundle(t, 'exec sleep 1000') });
      writeFileSync(sick, '');
      await assert.rejects(runtime.start('unstarted'), /no such program/);
      const describe = ({ status, error, startedAt }: ContainerState) => [status, error, startedAt];
      assert.deepEqual(describe(await runtime.state('unstarted')), ['created', 'no such program', undefined]);
      rmSync(sick);
      await runtime.start('unstarted');
      const { status, error } = await runtime.state('unstarted');
      assert.deepEqual([status, error], ['running', undefined]);
    });
  });

async function createPersistently(runtime: Runtime, id: string, bundle: string): Promise<void> {
  for (;;) {
    try {
      await runtime.create(id, { bundle });
      return;
    } catch (error) {
      if (!(error instanceof ExistsError)) throw error;
    }
  }
}

/** IDs that the OCI runtime itself knows. */
function listKnown(runtime: Runtime): string[] {
  const args = ['--root', join(runtime.root, 'runtime'), 'list', '--quiet'];
  return execFileSync(ociRuntime, args, { encoding: 'utf8' }).split('\n').filter(Boolean).sort();
}

function readLines(path: string): string[] {
  return readIfThere(path).split('\n').filter(Boolean);
}
