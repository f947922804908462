// hostrun under a conmon: ours, or the one that CONMON names.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connectAttach } from '../fixtures/attach-client.ts';
import { makeBundle, makeProcessSpec } from '../fixtures/bundle.ts';
import { type Channel, startConmon } from '../fixtures/caller.ts';
import { conmon } from '../fixtures/conmon.ts';
import { withoutTerminals } from '../fixtures/terminals.ts';
import { waitForEnd, waitForFile } from '../fixtures/waiting.ts';
import { hostrun, runHostrun } from './hostrun-harness.ts';

const id = 'container-of-hostrun';

describe(`hostrun under ${conmon}`, () => {
  for (const syncPipe of ['pipe', 'stream', 'seqpacket'] satisfies Channel[]) {
    it(`create over a ${syncPipe}: the pid reported is that of the pid file and of the process that start lets run`, t => {
      const box = makeBox(t, { args: ['sh', '-c', 'echo my pid is $$; echo to stderr >&2; exit 7'] });
      const caller = box.create({ syncPipe, apiVersion: true, startPipe: true });
      caller.go();
      const report = caller.readSync();
      assert.equal(report?.message, undefined);
      assert.equal(report?.value, Number(readFileSync(box.pidFile, 'utf8')));
      assert.equal(caller.wait(), 0);
      assert.equal(box.run('start').status, 0);
      waitForFile(join(box.exits, id));
      assert.equal(readFileSync(join(box.exits, id), 'utf8'), '7');
      const log = readFileSync(box.log, 'utf8');
      assert.match(log, new RegExp(` stdout F my pid is ${report?.value}\n`));
      assert.match(log, / stderr F to stderr\n/);
    });
  }

  it('create: a command that is missing is reported in the words of runc', t => {
    const box = makeBox(t, { args: ['no-such-command'] });
    const caller = box.create({ apiVersion: true });
    const report = caller.readSync();
    assert.equal(report?.value, -1);
    assert.match(report?.message ?? '', /exec: \\?"no-such-command\\?": executable file not found in \$PATH/);
    assert.equal(existsSync(join(box.root, id)), false);
  });

  it('terminal: it is the controlling one, and outlives the runtime', { skip: withoutTerminals }, t => {
    const script = 'read line; echo "got $line"; tty; ps -o tty= -p $$; exit 3';
    const box = makeBox(t, { args: ['sh', '-c', script], terminal: true });
    const caller = box.create({ apiVersion: true }, '-t', '--full-attach');
    const pid = caller.readSync()?.value ?? -1;
    assert.ok(pid > 0);
    const client = connectAttach(join(box.bundle, 'attach'));
    assert.equal(box.run('start').status, 0);
    assert.ok(client.send('hello\n'));
    const { stdout } = client.receiveAll();
    client.close();
    assert.match(stdout.toString(), /^hello\r\ngot hello\r\n\/dev\/(pts\/\d+)\r\n\1\s*\r\n$/);
    waitForFile(join(box.exits, id));
    assert.equal(readFileSync(join(box.exits, id), 'utf8'), '3');
  });

  it('exec: its output and exit status reach the caller', t => {
    const box = makeBox(t, { args: ['sleep', '3600'] });
    const pid = box.create({ apiVersion: true }).readSync()?.value ?? -1;
    t.after(() => waitForEnd(pid));
    t.after(() => box.run('delete', '--force'));
    assert.equal(box.run('start').status, 0);
    const spec = makeProcessSpec(join(box.dir, 'process.json'), {
      args: ['sh', '-c', 'echo in exec; exit 9'],
    });
    const caller = box.exec(spec);
    assert.ok((caller.readSync()?.value ?? -1) > 0);
    assert.equal(caller.readSync()?.value, 9);
    assert.match(readFileSync(`${box.log}.exec`, 'utf8'), / stdout F in exec\n/);
  });
});

type CallerOptions = Partial<Parameters<typeof startConmon>[0]>;

/** A bundle and the folders around it; all is gone after the test. */
function makeBox(t: TestContext, bundleOptions: Parameters<typeof makeBundle>[1]) {
  const dir = mkdtempSync(join(tmpdir(), 'hostrun-'));
  const bundle = makeBundle(join(dir, 'b'), bundleOptions);
  const [root, log, exits, pidFile] = [
    join(dir, 'root'),
    join(dir, 'log'),
    join(dir, 'exits'),
    join(dir, 'pid'),
  ];
  mkdirSync(exits);
  mkdirSync(join(dir, 'sockets'));
  const run = (command: string, ...args: string[]) => runHostrun(['--root', root, command, ...args, id]);
  const start = (options: CallerOptions, args: readonly string[]) => {
    const common = [
      '-c',
      id,
      '-u',
      id,
      '-n',
      id,
      '-r',
      hostrun,
      '--runtime-arg',
      '--root',
      '--runtime-arg',
      root,
    ];
    const caller = startConmon({
      conmon,
      args: [...common, '--socket-dir-path', join(dir, 'sockets'), ...args],
      ...options,
    });
    t.after(() => caller.remove());
    return caller;
  };
  t.after(() => {
    run('delete', '--force');
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    bundle,
    root,
    log,
    exits,
    pidFile,
    run,
    create: (options: CallerOptions, ...args: string[]) =>
      start(options, ['-b', bundle, '-p', pidFile, '-l', log, '--exit-dir', exits, ...args]),
    exec: (spec: string) =>
      start({ apiVersion: true }, [
        ...['-b', bundle, '-p', `${pidFile}.exec`, '-l', `${log}.exec`],
        ...['--exec', '--exec-process-spec', spec],
      ]),
  };
}
