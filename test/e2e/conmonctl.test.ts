// conmonctl as its users see it, over each runtime and each conmon.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until, waitForChange, waitForEnd } from '../fixtures/waiting.ts';
import { Ctl, finish, pairings, readUntil } from './conmonctl-harness.ts';
import { hostrun, makeShellBundle } from './manager-harness.ts';

const lasting = 'while :; do sleep 1000; done';

for (const pairing of pairings)
  describe(`conmonctl, ${pairing.name}`, () => {
    test('run: input, both outputs and the exit code pass through, and the bundle is only read', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, 'echo out; echo err >&2; cat; exit 7');
      const before = readdirSync(bundle);
      const { status, stdout, stderr } = await ctl.call(['run', '-i', '--id', 'one', bundle], {
        input: 'in\n',
      });
      assert.deepEqual([status, stdout, stderr], [7, 'out\nin\n', 'err\n']);
      assert.deepEqual(readdirSync(bundle), before);
      assert.match(await ctl.must(['list']), /one +stopped \(7\)/);
      assert.equal(await ctl.must(['wait', 'one']), '7');
      const again = await ctl.call(
        ['run', '--id', 'two', '--rm', bundle, '--', '/bin/sh', '-c', 'echo "$A"; exit 300', '--rm'],
        {},
      );
      assert.deepEqual([again.status, again.stdout], [44, '\n']);
    });

    test('run: what could not be run has its own exit status, tells why, and is not there afterwards', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, '');
      const statuses = [];
      for (const program of ['no-such-program', '/no/such/program', '/bin']) {
        const { status, stderr } = await ctl.call(['run', '--id', 'bad', bundle, program]);
        statuses.push(status);
        assert.match(stderr, /^conmonctl: .*container bad/);
        assert.match(stderr, /\n {2}the runtime said: .*exec/);
        assert.match(stderr, /\n {2}try: /);
      }
      assert.deepEqual(statuses, [127, 127, 126]);
      assert.equal((await ctl.call(['run', '/no/such/bundle'])).status, 125);
      for (const id of ['a/b', '-x', '.x', ''])
        assert.equal((await ctl.call(['run', `--id=${id}`, bundle])).status, 125, id);
      assert.equal((await ctl.call(['run', '--no-such-option', bundle])).status, 125);
      assert.deepEqual(await ctl.ids(), []);
      assert.deepEqual(readdirSync(join(ctl.root, 'bundles')), []);
    });

    test('run --rm: the container is gone, also where conmonctl was killed; wait still knows the exit code', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, 'echo begun; read -r _; exit 5');
      const ended = await ctl.call(['run', '-i', '--rm', '--id', 'short', bundle]);
      assert.equal(ended.status, 5);
      assert.deepEqual(await ctl.ids(), []);
      assert.equal(await ctl.must(['wait', 'short']), '5');
      const child = ctl.start(['run', '-i', '--rm', '--id', 'orphan', bundle]);
      await readUntil(child.stdout!, 'begun');
      const { monitorPid } = JSON.parse(await ctl.must(['state', '--json', 'orphan']));
      child.kill('SIGKILL');
      child.stdin!.destroy();
      waitForEnd(monitorPid);
      assert.deepEqual(await ctl.ids(), []);
      assert.equal(await ctl.must(['wait', 'orphan']), '5');
      assert.deepEqual(readdirSync(join(ctl.root, 'bundles')), []);
    });

    test('run: signals reach the container, and its answer comes back', async t => {
      const ctl = new Ctl(t, pairing);
      const script = `trap "echo hup" HUP; trap "exit 5" TERM; echo begun; while :; do sleep 0.1; done`;
      const child = ctl.start(['run', '--rm', makeShellBundle(t, script)]);
      const ended = new Promise(resolve => child.once('close', resolve));
      await readUntil(child.stdout!, 'begun');
      child.kill('SIGHUP');
      await readUntil(child.stdout!, 'hup');
      child.kill('SIGTERM');
      assert.equal(await ended, 5);
    });

    test('exec: environment, input, exit code, and a command line without --', async t => {
      const ctl = new Ctl(t, pairing);
      await ctl.must(['run', '-d', '--id', 'web', '-e', 'A=1', makeShellBundle(t, lasting)]);
      const script = 'echo "$A $B"; cat; echo err >&2; exit 3';
      const words = ['exec', '-ie', 'B=2', 'web', '/bin/sh', '-c', script];
      const { status, stdout, stderr } = await ctl.call(words, { input: 'in\n' });
      assert.deepEqual([status, stdout, stderr], [3, '1 2\nin\n', 'err\n']);
      assert.equal((await ctl.call(['exec', 'web', '--', 'no-such-program'])).status, 127);
      const late = await ctl.call(['exec', '--timeout', '500ms', 'web', '--', '/bin/sh', '-c', 'sleep 1000']);
      assert.equal(late.status, 124);
      assert.match(late.stderr, /container web: .*longer than it may/);
      const pid = Number(await ctl.must(['exec', '-d', 'web', '--', '/bin/sleep', '1000']));
      assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /sleep/);
      const pipe = await bash(
        `${quote(ctl.words(['exec', 'web', '--', '/bin/sh', '-c', 'while echo y; do :; done']))} | head -n 1`,
      );
      assert.equal(pipe.stdout, 'y\n');
    });
  });

/** What conmonctl does itself is tested over two pairings that have nothing in common. */
const apart = [...new Set([pairings[0]!, pairings.at(-1)!])];

for (const pairing of apart)
  describe(`conmonctl, more of ${pairing.name}`, () => {
    test('attach --no-sig-proxy: a signal ends looking on, and not the container', async t => {
      const ctl = new Ctl(t, pairing);
      await ctl.must(['run', '-d', '--id', 'web', makeShellBundle(t, 'while echo on; do sleep 0.1; done')]);
      const child = ctl.start(['attach', '--no-stdin', '--no-sig-proxy', 'web']);
      const ended = new Promise(resolve => child.once('close', resolve));
      await readUntil(child.stdout!, 'on');
      child.kill('SIGINT');
      assert.equal(await ended, 130);
      assert.match(await ctl.must(['list']), /web +running/);
      const pipe = await bash(`${quote(ctl.words(['attach', '--no-stdin', 'web']))} | head -n 1`);
      assert.deepEqual([pipe.status, pipe.stdout], [141, 'on\n']);
    });

    test('logs: tail, streams, times and JSON; followed to the end; quiet in a pipe that is closed', async t => {
      const ctl = new Ctl(t, pairing);
      const script = 'for n in 1 2 3; do echo "line $n"; done; echo bad >&2; printf part; read -r _; exit 0';
      const child = ctl.start(['run', '-i', '--id', 'web', makeShellBundle(t, script)]);
      await readUntil(child.stdout!, 'part');
      child.stderr!.resume();
      const follower = ctl.start(['logs', '-f', '--stream', 'stdout', 'web']);
      await readUntil(follower.stdout!, 'line 3');
      const rest = finish(follower);
      child.stdin!.end();
      assert.deepEqual(await rest, { status: 0, stdout: 'part', stderr: '' });
      const tail = await ctl.call(['logs', '--tail', '2', '--stream', 'stdout', 'web']);
      assert.deepEqual([tail.stdout, tail.stderr], ['line 3\npart', '']);
      assert.equal((await ctl.call(['logs', 'web'])).stderr, 'bad\n');
      assert.match(await ctl.must(['logs', '-t', '-n', '1', '--stream', 'stderr', 'web']), /^$/);
      assert.match(
        (await ctl.call(['logs', '-t', '--stream', 'stderr', 'web'])).stderr,
        /^2\d{3}-.{25,} bad\n$/,
      );
      assert.deepEqual(await ctl.must(['logs', '--since', '1h', '--until', '30m', 'web']), '');
      const [first] = (await ctl.must(['logs', '--json', 'web'])).split('\n');
      const { stream, text, partial } = JSON.parse(first!);
      assert.deepEqual([stream, text, partial], ['stdout', 'line 1', false]);
      const pipe = await bash(`${quote(ctl.words(['logs', 'web']))} 2>&1 | head -n 1`);
      assert.deepEqual(pipe, { status: 0, stdout: 'line 1\n', stderr: '' });
      const log = readdirSync(ctl.root, { recursive: true, encoding: 'utf8' }).find(path =>
        path.endsWith('.log'),
      );
      appendFileSync(join(ctl.root, log!), 'rubbish\nrubbish\n');
      const { status, stderr } = await ctl.call(['logs', '--stream', 'stdout', 'web']);
      assert.deepEqual([status, stderr], [0, 'conmonctl: lines of the log that are no records: 2\n']);
    });

    test('stop, kill, delete: of several at once; what fails for one is told, the others have their turn', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, `trap "exit 6" TERM; echo up; ${lasting.replace('1000', '0.1')}`);
      for (const id of ['a', 'b', 'c']) {
        await ctl.must(['run', '-d', '--id', id, bundle]);
        await until(`container ${id} to be up`, async () => (await ctl.must(['logs', id])) === 'up');
      }
      const { status, stdout, stderr } = await ctl.call(['delete', 'a', 'nobody']);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, /container a is running: stop it first.*\n {2}try: `conmonctl stop a`/);
      assert.match(stderr, /container nobody does not exist\n {2}try: `conmonctl list`/);
      assert.equal(await ctl.must(['stop', 'a', 'b']), 'a\nb');
      assert.equal(await ctl.must(['wait', 'a', 'b']), '6\n6');
      await ctl.must(['kill', 'c']);
      assert.equal(await ctl.must(['wait', 'c']), '137');
      await ctl.must(['delete', 'a', 'b', 'c']);
      assert.deepEqual(await ctl.ids(), []);
      await ctl.must(['delete', '--force', 'nobody']);
    });

    test('create, start --attach: nothing of the output is missed, and the pid file is there', async t => {
      const ctl = new Ctl(t, pairing);
      const pidFile = join(ctl.root, 'pid');
      const bundle = makeShellBundle(t, 'cat; exit 2');
      assert.equal(
        await ctl.must(['create', '-i', '--id', 'sort', '--pid-file', pidFile, '-l', 'a=b', bundle]),
        'sort',
      );
      const state = JSON.parse(await ctl.must(['state', '--json', 'sort']));
      assert.deepEqual(
        [state.status, state.labels.a, String(state.pid)],
        ['created', 'b', readFileSync(pidFile, 'utf8')],
      );
      const { status, stdout } = await ctl.call(['start', '-ai', 'sort'], { input: 'all of it\n' });
      assert.deepEqual([status, stdout], [2, 'all of it\n']);
      const again = await ctl.call(['start', 'sort']);
      assert.equal(again.status, 1);
      assert.match(again.stderr, /container sort/);
    });

    test('events: creation, start, exit and deletion, each once', async t => {
      const ctl = new Ctl(t, pairing);
      const child = ctl.start(['events', '--json', '--log-level', 'info']);
      await readUntil(child.stderr!, 'watching');
      let seen = '';
      child.stdout!.on('data', chunk => {
        seen += chunk;
      });
      const bundle = makeShellBundle(t, 'exit 4');
      await ctl.must(['create', '--id', 'web', bundle]);
      await ctl.must(['start', 'web']);
      assert.equal(await ctl.must(['wait', 'web']), '4');
      await ctl.must(['delete', 'web']);
      if (!seen.includes('"delete"')) await readUntil(child.stdout!, '"delete"');
      await ctl.call(['run', '--rm', '--id', 'short', bundle]);
      while (seen.split('"delete"').length < 3) await readUntil(child.stdout!, '"delete"');
      const ended = finish(child);
      child.kill();
      await ended;
      const events = seen
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      for (const id of ['web', 'short'])
        assert.deepEqual(
          events.filter(event => event.id === id).map(({ event, exitCode }) => [event, exitCode]),
          [
            ['create', undefined],
            ['start', undefined],
            ['exit', 4],
            ['delete', undefined],
          ],
        );
    });
  });

describe('conmonctl, several at once', () => {
  const pairing = pairings[0]!;

  test('create: of those who ask for one ID at once one gets it, and nothing of the others is left', async t => {
    const ctl = new Ctl(t, pairing);
    const bundle = makeShellBundle(t, lasting);
    const ends = await Promise.all([1, 2, 3, 4].map(() => ctl.call(['create', '--id', 'same', bundle])));
    assert.deepEqual(ends.map(({ status }) => status).sort(), [0, 1, 1, 1]);
    for (const { stderr } of ends.filter(({ status }) => status === 1))
      assert.match(stderr, /container same exists already\n {2}try: another --id/);
    assert.deepEqual(await ctl.ids(), ['same']);
    const [node = '', main = ''] = ctl.words([]);
    const asked = ['--get-yargs-completions', 'conmonctl', 'stop', '--root', ctl.root, ''];
    const completed = await finish(spawn(node, [main, ...asked], { stdio: 'pipe' }));
    assert.ok(completed.stdout.split('\n').includes('same'), 'IDs are completed');
    assert.equal(readdirSync(join(ctl.root, 'bundles')).length, 1);
  });

  test('the runtime: the first container decides, and another one is refused while there are containers', async t => {
    const ctl = new Ctl(t, pairing);
    const bundle = makeShellBundle(t, '');
    await ctl.must(['create', '--id', 'one', bundle]);
    const [node = '', main = ''] = ctl.words([]);
    const plain = (...words: string[]) =>
      finish(spawn(node, [main, ...words, '--root', ctl.root], { stdio: 'pipe' }));
    assert.match((await plain('list')).stdout, /one +created/);
    const refused = await plain('create', '--runtime', '/bin/true', bundle);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /has a container of .*hostrun: another runtime needs another --root/);
    await ctl.must(['delete', '--force', 'one']);
    assert.equal((await plain('create', '--runtime', '/bin/false', bundle)).status, 1);
  });

  test('run: told to end while the runtime hangs, it leaves nothing', async t => {
    const dir = mkdtempSync(join(tmpdir(), 'conmonctl-runtime-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const runtime = join(dir, 'hangs-at-create');
    const script = `#!/bin/sh\ncase " $* " in *" create "*) exec sleep 1000 ;; esac\nexec '${pairing.runtime}' "$@"\n`;
    writeFileSync(runtime, script, { mode: 0o755 });
    const ctl = new Ctl(t, { ...pairing, runtime });
    const child = ctl.start(['run', '--id', 'hangs', makeShellBundle(t, '')]);
    const ended = finish(child);
    const path = join(ctl.root, 'containers', 'hangs', 'conmon-pidfile');
    waitForChange(ctl.root, () => existsSync(join(ctl.root, 'containers')), 'containers');
    waitForChange(
      join(ctl.root, 'containers'),
      () => existsSync(join(ctl.root, 'containers/hangs')),
      'the container',
    );
    waitForChange(join(ctl.root, 'containers', 'hangs'), () => existsSync(path), 'its monitor');
    child.kill('SIGTERM');
    assert.equal((await ended).status, 143);
    assert.deepEqual(readdirSync(join(ctl.root, 'containers')), []);
    assert.deepEqual(readdirSync(join(ctl.root, 'bundles')), []);
  });

  test('doctor: 0 where containers can be run, 1 where not, with what to do', async t => {
    const good = await new Ctl(t, pairing).call(['doctor', '--json']);
    const { ready, findings } = JSON.parse(good.stdout);
    assert.deepEqual([good.status, ready], [0, true]);
    assert.deepEqual(
      findings.filter(
        (finding: { verdict: string; todo?: string }) => finding.verdict !== 'ok' && !finding.todo,
      ),
      [],
    );
    const runtime = join(import.meta.dirname, '../fixtures/runtime-fails');
    const bad = await new Ctl(t, { ...pairing, runtime }).call(['doctor']);
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /^missing +(runtime|trial container) .*\n +→ /m);
  });

  test('messages: with --log-format json one record says what failed, why and what to try', async t => {
    const ctl = new Ctl(t, pairing);
    const { status, stderr } = await ctl.call(['stop', '--log-format', 'json', 'nobody']);
    assert.equal(status, 1);
    const { msg, id, hint } = JSON.parse(stderr);
    assert.deepEqual([msg, id], ['container nobody does not exist', 'nobody']);
    assert.match(hint, /conmonctl list/);
  });
});

/** Runs a pipeline whose status is that of its first part that fails. */
function bash(pipeline: string) {
  return finish(spawn('bash', ['-o', 'pipefail', '-c', pipeline], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function quote(words: readonly string[]): string {
  return words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

for (const pairing of pairings.filter(({ runtime }) => runtime !== hostrun))
  test(`create, ${pairing.name}: containers of one ID in two directories of state have cgroups of their own`, async t => {
    const bundle = makeShellBundle(t, lasting);
    const path = join(bundle, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    delete config.linux.cgroupsPath;
    writeFileSync(path, JSON.stringify(config));
    const ctls = [new Ctl(t, pairing), new Ctl(t, pairing)];
    for (const ctl of ctls) await ctl.must(['run', '-d', '--id', 'same', bundle]);
    await ctls[0]!.must(['pause', 'same']);
    const states = [];
    for (const ctl of ctls) states.push(JSON.parse(await ctl.must(['state', '--json', 'same'])));
    assert.deepEqual(
      states.map(({ status }) => status),
      ['paused', 'running'],
    );
    const [one, other] = states.map(({ pid }) => readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    assert.notEqual(one, other);
  });
