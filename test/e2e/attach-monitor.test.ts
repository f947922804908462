// Attach and control as a caller of the whole monitor sees them, over hostrun.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { makeBundle } from '../fixtures/bundle.ts';
import { startConmon } from '../fixtures/caller.ts';
import { conmon } from '../fixtures/conmon.ts';
import { withoutTerminals } from '../fixtures/terminals.ts';
import { waitForFile, waitUntil } from '../fixtures/waiting.ts';
import { hostrun, runHostrun } from './hostrun-harness.ts';

const id = 'container-with-clients';

/** A container of hostrun that runs `script`, created but not started; `wrap` is a shell line before the runtime. */
function create(t: TestContext, script: string, args: readonly string[], wrap = '') {
  const dir = mkdtempSync(join(tmpdir(), 'attach-monitor-'));
  const terminal = args.includes('-t');
  const bundle = makeBundle(join(dir, 'b'), { args: ['sh', '-c', script], terminal });
  const [root, log, exits, runtime] = ['root', 'log', 'exits', 'runtime'].map(name => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(exits);
  writeFileSync(runtime, `#!/bin/sh\n${wrap}\nexec '${hostrun}' --root '${root}' "$@"\n`, { mode: 0o755 });
  const run = (command: string, ...more: string[]) => runHostrun(['--root', root, command, ...more, id]);
  const common = [
    '-c',
    id,
    '-u',
    id,
    '-n',
    id,
    '-r',
    runtime,
    '-b',
    bundle,
    '-p',
    join(dir, 'pid'),
    '-l',
    log,
  ];
  const caller = startConmon({
    conmon,
    apiVersion: true,
    args: [...common, '--exit-dir', exits, '--full-attach', ...args],
  });
  t.after(() => {
    run('delete', '--force');
    caller.remove();
    rmSync(dir, { recursive: true, force: true });
  });
  const socket = join(bundle, 'attach');
  return { dir, bundle, caller, run, socket, exitFile: join(exits, id), log };
}

/** What the log has of stdout, joined again. */
function readLog(path: string): string {
  const record = /^\S+ stdout ([PF]) ([^\n]*)$/;
  return readFileSync(path, 'latin1')
    .split('\n')
    .map(line => record.exec(line))
    .map(parts => (parts === null ? '' : parts[2] + (parts[1] === 'F' ? '\n' : '')))
    .join('');
}

test('monitor A9, A10: what a client does not read is in the log all the same, and nothing of it is lost', t => {
  const on = create(t, 'yes 0123456789abcdef | head -n 250000; sleep 3600', []);
  assert.ok((on.caller.readSync()?.value ?? -1) > 0);
  const client = connectAttach(on.socket);
  assert.equal(on.run('start').status, 0);
  const expected = '0123456789abcdef\n'.repeat(250_000);
  const halfMib = 524_288;
  waitUntil(() => readFileSync(on.log).length > 2 * halfMib, 'the log goes on');
  const received: Buffer[] = [];
  for (let bytes = 0; bytes < expected.length; bytes += received.at(-1)!.length)
    received.push(client.receive()!.data);
  assert.ok(Buffer.concat(received).equals(Buffer.from(expected)));
  waitUntil(() => readLog(on.log).length === expected.length, 'the log is complete');
  assert.ok(readLog(on.log) === expected);
  client.close();
});

test('monitor A6, A13: who sees the end of the stream has all output, finds the log complete and the socket gone', t => {
  const on = create(t, 'head -c 20000 /dev/zero | tr "\\0" x; echo; echo oh >&2', ['-i']);
  assert.ok((on.caller.readSync()?.value ?? -1) > 0);
  const client = connectAttach(on.socket);
  client.send('never read');
  assert.equal(on.run('start').status, 0);
  const { stdout, stderr } = client.receiveAll();
  assert.equal(existsSync(on.socket), false);
  const expected = `${'x'.repeat(20_000)}\n`;
  assert.equal(readLog(on.log), expected);
  assert.equal(stdout.toString(), expected);
  assert.equal(stderr.toString(), 'oh\n');
  client.close();
});

test('monitor A18: with --stdin a client that ends closes the stdin, while another is attached', t => {
  const on = create(t, 'cat && echo stopped', ['-i']);
  assert.ok((on.caller.readSync()?.value ?? -1) > 0);
  const watcher = connectAttach(on.socket);
  assert.equal(on.run('start').status, 0);
  const client = connectAttach(on.socket);
  client.send('hello\n');
  client.endInput();
  assert.equal(watcher.receiveAll().stdout.toString(), 'hello\nstopped\n');
  assert.equal(client.receiveAll().stdout.toString(), 'hello\nstopped\n');
  waitForFile(on.exitFile);
  assert.equal(readFileSync(on.exitFile, 'utf8'), '0');
});

test('monitor A18: with --leave-stdin-open the next client goes on', t => {
  const on = create(t, 'read one; echo "1 $one"; read two; echo "2 $two"', ['-i', '--leave-stdin-open']);
  assert.ok((on.caller.readSync()?.value ?? -1) > 0);
  assert.equal(on.run('start').status, 0);
  const first = connectAttach(on.socket);
  first.send('a\n');
  first.endInput();
  assert.equal(first.receive()?.data.toString(), '1 a\n');
  first.close();
  const second = connectAttach(on.socket);
  second.send('b\n');
  assert.equal(second.receiveAll().stdout.toString(), '2 b\n');
});

test('monitor A21: without --stdin and without a terminal, input is discarded, however much it is', t => {
  const on = create(t, 'sleep 3600', []);
  assert.ok((on.caller.readSync()?.value ?? -1) > 0);
  const client = connectAttach(on.socket);
  const packet = new Uint8Array(32_768);
  const send = () => sys.send(client.fd, packet, 0, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  for (let i = 0; i < 64; i++) waitUntil(() => send() > 0, `packet ${i} is taken`);
  client.close();
});

test('monitor C12: sizes that come before the terminal: the last one applies, from ctl and from winsz', {
  skip: withoutTerminals,
}, t => {
  for (const [name, lines] of [
    ['ctl', '1 10 20\n1 33 44\n'],
    ['winsz', '10 20\n33 44\n'],
  ] as const) {
    const gate = join(mkdtempSync(join(tmpdir(), 'gate-')), 'gate');
    t.after(() => rmSync(join(gate, '..'), { recursive: true, force: true }));
    execFileSync('mkfifo', [gate]);
    const on = create(t, 'stty size', ['-t'], `case "$*" in *create*) read go <${gate} ;; esac`);
    waitForFile(join(on.bundle, 'winsz'));
    writeFileSync(join(on.bundle, name), lines);
    writeFileSync(gate, 'go\n');
    assert.ok((on.caller.readSync()?.value ?? -1) > 0);
    assert.equal(on.run('start').status, 0);
    waitForFile(on.exitFile);
    assert.match(readLog(on.log), /^33 44\r?\n/);
    on.run('delete', '--force');
  }
});
