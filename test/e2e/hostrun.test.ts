// hostrun's command line alone, and next to runc's where runc can be used.

import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type BundleOptions, makeBundle, makeProcessSpec } from '../fixtures/bundle.ts';
import { waitForEnd, waitForFile } from '../fixtures/waiting.ts';
import { hostrun, runHostrun } from './hostrun-harness.ts';

const id = 'c1';

/** A program that writes what it found to `found` once it runs, all at once, and then `then`. */
function reporter(found: string, then = 'true'): string[] {
  const facts = ['echo pid=$$', 'echo cwd=$(readlink /proc/$$/cwd)', "tr '\\0' '\\n' </proc/$$/environ"];
  return ['/bin/sh', '-c', `{ ${facts.join('; ')}; } >${found}.new; mv ${found}.new ${found}; ${then}`];
}

function makeBox(t: TestContext, options: Partial<BundleOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'hostrun-'));
  const found = join(dir, 'found');
  const bundle = makeBundle(join(dir, 'b'), { args: reporter(found, 'sleep 3600'), ...options });
  const root = join(dir, 'root');
  const run = (...args: string[]) => runHostrun(['--root', root, ...args]);
  t.after(() => {
    run('delete', '--force', id);
    rmSync(dir, { recursive: true, force: true });
  });
  const pidFile = join(dir, 'pid');
  const create = (...args: string[]) => run('create', '--bundle', bundle, '--pid-file', pidFile, ...args, id);
  return {
    dir,
    bundle,
    root,
    found,
    pidFile,
    run,
    create,
    readPid: () => Number(readFileSync(pidFile, 'utf8')),
  };
}

interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: string;
  readonly pid: number;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

describe('hostrun', () => {
  it('create, start: the process waits, and becomes the program under the pid of the pid file', t => {
    const environ = ['PATH=/usr/bin:/bin', 'A-B=1', 'EMPTY=', 'LINES=one two'];
    const box = makeBox(t, { env: environ, cwd: '/tmp' });
    assert.deepEqual(box.create(), { status: 0, stdout: '', stderr: '' });
    const pid = box.readPid();
    assert.equal(existsSync(box.found), false);
    assert.equal(
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5],
      String(pid),
      'leads a session of its own',
    );
    assert.deepEqual(box.run('start', id), { status: 0, stdout: '', stderr: '' });
    waitForFile(box.found);
    assert.equal(readFileSync(box.found, 'utf8'), `${[`pid=${pid}`, 'cwd=/tmp', ...environ].join('\n')}\n`);
  });

  it('start: a program that has ended when its go is looked for was started', t => {
    const box = makeBox(t);
    makeBundle(box.bundle, { args: ['/bin/true'] });
    box.create();
    // The first look into the fifo finds nothing, and takes until the program has ended.
    const late = join(box.dir, 'late.cjs');
    writeFileSync(
      late,
      `const fs = require('node:fs');
      const { readSync } = fs;
      fs.readSync = (...words) => {
        if (words[1].length !== 1) return readSync(...words); // somebody else's
        fs.readSync = readSync;
        require('node:module').syncBuiltinESMExports();
        try {
          while (!/\\) Z/.test(fs.readFileSync('/proc/${box.readPid()}/stat', 'latin1'))) {}
        } catch {} // it is reaped already
        return 0;
      };
      require('node:module').syncBuiltinESMExports();`,
    );
    const main = join(import.meta.dirname, '../../src/hostrun/main.ts');
    const words = ['-r', late, main, '--root', box.root, 'start', id];
    assert.deepEqual(runHostrun(words, process.execPath), { status: 0, stdout: '', stderr: '' });
  });

  it('state: goes from created to running to stopped, with what the OCI specification asks for', t => {
    const box = makeBox(t, { config: { annotations: { 'org.example.key': 'value' } } });
    const state = () => JSON.parse(box.run('state', id).stdout) as State;
    box.create();
    const pid = box.readPid();
    const { ociVersion, bundle, annotations } = state();
    assert.deepEqual(
      { ociVersion, bundle, annotations },
      { ociVersion: '1.0.2', bundle: box.bundle, annotations: { 'org.example.key': 'value' } },
    );
    assert.deepEqual([state().status, state().pid], ['created', pid]);
    box.run('start', id);
    assert.deepEqual([state().status, state().pid], ['running', pid]);
    box.run('kill', id, 'KILL');
    waitForEnd(pid);
    assert.equal(state().status, 'stopped');
  });

  it('create: stdio is the caller’s, and so are the fds that --preserve-fds names, and no others', t => {
    const list = 'for fd in /proc/$$/fd/*; do [ ! -e $fd ] || echo $(basename $fd) $(readlink $fd); done';
    const box = makeBox(t);
    const file = join(box.dir, 'preserved');
    makeBundle(box.bundle, { args: ['/bin/sh', '-c', `${list} >${file}.list; mv ${file}.list ${file}.fds`] });
    const fd = openSync(file, 'a');
    const args = ['--root', box.root, 'create', '--bundle', box.bundle, '--pid-file', box.pidFile];
    const created = runHostrun([...args, '--preserve-fds', '1', id], hostrun, [fd, fd]);
    closeSync(fd);
    assert.deepEqual(created, { status: 0, stdout: '', stderr: '' });
    box.run('start', id);
    waitForFile(`${file}.fds`);
    const fds = new Map(
      readFileSync(`${file}.fds`, 'utf8')
        .trim()
        .split('\n')
        .map(line => line.split(' ') as [string, string]),
    );
    assert.equal(fds.get('3'), file);
    assert.equal(fds.has('4'), false);
    assert.equal(fds.get('0'), '/dev/null');
  });

  it('create: an fd to preserve that the caller has not given is refused', t => {
    const box = makeBox(t);
    const { status, stderr } = box.create('--preserve-fds', '2');
    assert.equal(status, 1);
    assert.match(stderr, /unable to stat preserved-fd 3 \(of 2\)/);
    assert.equal(existsSync(join(box.root, id)), false);
  });

  it('kill --all, delete: what the program left running is reached too', t => {
    const box = makeBox(t);
    const child = join(box.dir, 'child');
    const script = `sleep 3600 & echo $! >${child}.new; mv ${child}.new ${child}; exit 0`;
    makeBundle(box.bundle, { args: ['/bin/sh', '-c', script] });
    box.create();
    box.run('start', id);
    waitForFile(child);
    waitForEnd(box.readPid());
    assert.equal(box.run('delete', id).status, 0);
    waitForEnd(Number(readFileSync(child, 'utf8')));
  });

  it('exec: waits for the process and has its status; --detach does not wait', t => {
    const box = makeBox(t);
    box.create();
    box.run('start', id);
    const spec = makeProcessSpec(join(box.dir, 'spec'), {
      args: ['/bin/sh', '-c', 'echo from exec; exit 42'],
    });
    assert.deepEqual(box.run('exec', '--process', spec, id), {
      status: 42,
      stdout: 'from exec\n',
      stderr: '',
    });
    assert.equal(box.run('exec', id, '/bin/sh', '-c', 'kill -KILL $$').status, 137);
    const pidFile = join(box.dir, 'exec-pid');
    assert.equal(box.run('exec', '-d', '--pid-file', pidFile, id, 'sleep', '3600').status, 0);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    assert.equal(box.run('delete', '--force', id).status, 0);
    waitForEnd(pid);
  });

  it('a bundle that is wrong is refused with what is wrong, and leaves nothing', t => {
    const box = makeBox(t);
    const refuse = (config: unknown, words: RegExp) => {
      writeFileSync(
        join(box.bundle, 'config.json'),
        typeof config === 'string' ? config : JSON.stringify(config),
      );
      const { status, stderr } = box.create();
      assert.equal(status, 1);
      assert.match(stderr, words);
      assert.equal(existsSync(join(box.root, id)), false);
    };
    const process = { args: ['/bin/true'], cwd: '/' };
    refuse('{"ociVersion":', /config\.json: /);
    refuse({ ociVersion: '1.0.2' }, /process property must not be empty/);
    refuse({ ociVersion: '1.0.2', process: { ...process, cwd: '' } }, /Cwd property must not be empty/);
    refuse({ ociVersion: '1.0.2', process: { ...process, cwd: '/nowhere' } }, /chdir to cwd .*no such file/);
    refuse({ ociVersion: '1.0.2', process: { ...process, args: [] } }, /args must not be empty/);
    refuse({ ociVersion: '1.0.2', process: { ...process, args: ['a\0b'] } }, /string without NUL/);
    refuse(
      { ociVersion: '1.0.2', process: { ...process, terminal: true } },
      /without setting console socket/,
    );
  });

  it('--log, --log-format json: the error goes to the file, and its words alone to stderr', t => {
    const box = makeBox(t);
    const log = join(box.dir, 'runtime-log');
    const { status, stderr } = box.run('--log', log, '--log-format=json', 'start', 'nobody');
    assert.deepEqual([status, stderr], [1, 'container does not exist\n']);
    const record = JSON.parse(readFileSync(log, 'utf8')) as Record<string, string>;
    assert.deepEqual([record['level'], record['msg']], ['error', 'container does not exist']);
  });

  it('--help says that nothing is isolated', () => {
    for (const args of [['--help'], ['create', '--help']]) {
      const { status, stdout } = runHostrun(args);
      assert.equal(status, 0);
      assert.match(stdout, /NO ISOLATION/);
    }
  });
});

/** Command lines that need no container, or one that is created and then started; runc answers the same. */
const questions: readonly (readonly string[])[] = [
  ['state', 'nobody'],
  ['start', 'nobody'],
  ['kill', 'nobody'],
  ['delete', 'nobody'],
  ['delete', '--force', 'nobody'],
  ['exec', 'nobody', 'true'],
  ['create', 'a/b'],
  ['create', '--bundle', '/nonexistent', 'x'],
  ['kill', id, 'FOO'],
  ['kill', id, '999'],
  ['exec', id, 'no-such-command'],
  ['exec', id, '/no-such-command'],
  ['exec', id, '/bin'],
  ['start', id],
  ['start', id],
  ['delete', id],
  ['kill', id, 'KILL'],
];
const questionsToTheStopped: readonly (readonly string[])[] = [
  ['kill', id, 'TERM'],
  ['kill', '--all', id],
  ['exec', id, 'true'],
  ['start', id],
  ['delete', id],
  ['delete', id],
];

const runc = ['/usr/sbin/runc', '/usr/bin/runc'].find(path => existsSync(path));
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(path => existsSync(path));

describe('hostrun next to runc', {
  skip: runc && busybox && process.getuid?.() === 0 ? false : 'needs runc',
}, () => {
  it('words and exit statuses are those of runc', t => {
    const answer = (runtime: string) => {
      const dir = mkdtempSync(join(tmpdir(), 'hostrun-'));
      const bundle = makeRootedBundle(join(dir, 'b'));
      const run = (...args: string[]) => runHostrun(['--root', join(dir, 'root'), ...args], runtime);
      t.after(() => {
        run('delete', '--force', id);
        rmSync(dir, { recursive: true, force: true });
      });
      const pidFile = join(dir, 'pid');
      const created = run('create', '--bundle', bundle, '--pid-file', pidFile, id);
      const again = run('create', '--bundle', bundle, id);
      const first = questions.map(question => [question, tidy(run(...question))]);
      waitForEnd(Number(readFileSync(pidFile, 'utf8')));
      return [
        tidy(created),
        tidy(again),
        first,
        questionsToTheStopped.map(question => [question, tidy(run(...question))]),
      ];
    };
    assert.deepEqual(answer(hostrun), answer(runc!));
  });
});

function makeRootedBundle(dir: string): string {
  makeBundle(dir, { args: ['/bin/sleep', '3600'] });
  mkdirSync(join(dir, 'rootfs/bin'), { recursive: true });
  for (const name of ['proc', 'dev']) mkdirSync(join(dir, 'rootfs', name));
  copyFileSync(busybox!, join(dir, 'rootfs/bin/sleep'));
  chmodSync(join(dir, 'rootfs/bin/sleep'), 0o755);
  return dir;
}

/** Without what differs by nature: the time, and the program's own name. */
function tidy({ status, stderr }: { status: number | null; stderr: string }) {
  return [status, stderr.replace(/^time="[^"]*" /, '').replace(/\b(runc|hostrun) create/, 'runtime create')];
}
