// Limits of memory that a caller may have: what docs/install.md promises is enough, and below it words come in place of a
// crash.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { O_RDWR } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { conmon, form, withoutStatic } from '../fixtures/conmon.ts';
import { makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { must } from '../fixtures/waiting.ts';

const install = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');
/** What a shell calls it, and the figure that is promised, in KiB. */
const limits = ['v', 'd', 's'].map(flag => {
  const kib = new RegExp(`^\\| [^|]+ \\| \\x60ulimit -${flag} (\\d+)\\x60 \\|`, 'm').exec(install)?.[1];
  assert.ok(kib, `ulimit -${flag} in docs/install.md`);
  return { flag, kib: Number(kib) };
});

const lineBytes = 100;
/** What a client's queue has room for: none of them is waited for. */
const outputBytes = 200_000;
/** More than wait for a client before the container is held back, and fewer than wait and are in its socket. */
const outputBytesQueued = 900_000;
/** So much is taken of a client while the container takes none: what the queue and the pipe before it hold. */
const inputBytesQueued = 320 * 1024;
const inputPacket = new Uint8Array(32 * 1024);
/** How exactly the least limit is found. */
const stepKib = 16;

// Of Node.js nothing is promised.
if (form === 'compiled') {
  const enough = limits.map(({ flag, kib }) => `ulimit -S${flag} ${kib}`);
  for (const set of [...enough, enough.join(' && ')])
    test(`R26 ${set}: is enough for a log, clients and sizes`, { skip: withoutStatic }, t => {
      const { orders, box } = startPrinting(t, set);
      assert.ok(box.started() > 0);
      const clients = Array.from({ length: 4 }, () => connectAttach(box.attachSocket));
      const control = openSync(join(box.bundle, 'ctl'), 'w');
      for (let i = 0; i < 20; i++) writeSync(control, '1 50 132\n');
      writeSync(orders, 'p');
      const received = clients.map(client => client.receiveAll().stdout.length);
      for (const client of clients) client.close();
      closeSync(control);
      assert.deepEqual(received, [outputBytes, outputBytes, outputBytes, outputBytes]);
      assert.equal(box.exitStatus(), '0');
      assert.equal(box.end(), 0);
      assert.equal(box.output().length, outputBytes);
      assert.equal(box.caller.stderr(), '');
    });

  for (const { flag, kib } of limits)
    test(`R26 ulimit -${flag} below ${kib}: a whole life, or words that refuse it`, {
      skip: withoutStatic,
    }, t => {
      const outcomes = new Set<string>();
      for (let limit = kib; limit > kib / 20 && limit >= 24; limit = Math.floor(limit * 0.94)) {
        const set = `ulimit -S${flag} ${limit}`;
        const outcome = tryToLive(t, set);
        outcomes.add(outcome);
        assert.ok(outcome !== 'signal' || !isExecuted(set), `${set}: ended by a signal`);
      }
      assert.ok(outcomes.has('words') && outcomes.has('life'), [...outcomes].join());
    });

  for (const { flag, kib } of limits)
    test(`R26 the least ulimit -${flag} that starts a container: is enough for all queues full`, {
      skip: withoutStatic,
    }, t => {
      let [least, tooSmall] = [kib, 0];
      while (least - tooSmall > stepKib) {
        const limit = Math.floor((least + tooSmall) / 2);
        if (tryToLive(t, `ulimit -S${flag} ${limit}`) === 'life') least = limit;
        else tooSmall = limit;
      }
      t.diagnostic(`it starts with ${least} KiB, and not with ${tooSmall}`);
      fillQueues(t, `ulimit -S${flag} ${least}`);
    });
}

/** A client takes none of the output, and the container none of its input, until the monitor reads neither. */
function fillQueues(t: TestContext, set: string): void {
  const bytes = 4 * outputBytesQueued;
  const { orders, box } = startPrinting(t, set, { args: ['-i'], outputBytes: bytes });
  box.started();
  const client = connectAttach(box.attachSocket);
  for (let sent = 0; sent < inputBytesQueued; sent += inputPacket.length) client.send(inputPacket);
  writeSync(orders, 'p');
  box.waitForOutput(output => output.length >= outputBytesQueued, 'what waits for the client');
  assert.equal(client.receiveAll().stdout.length, bytes);
  client.close();
  assert.equal(box.exitStatus(), '0', set);
  assert.equal(box.end(), 0);
  assert.equal(box.output().length, bytes);
}

function tryToLive(t: TestContext, set: string): 'life' | 'words' | 'signal' {
  const box = start(t, set, {});
  const launched = box.caller.wait();
  if (launched >= 128) return 'signal';
  if (launched !== 0) {
    assert.match(box.caller.stderr(), /^(conmon: |\[conmon:e\]: )[^\n]*(memory|stack)[^\n]*\n$/, set);
    assert.doesNotMatch(box.caller.stderr(), /Error| at /, set);
    return 'words';
  }
  const report = box.caller.readSync();
  assert.ok(report, `${set}: no answer`);
  if (report.value === -1) {
    assert.match(report.message ?? '', /memory/i, set);
    return 'words';
  }
  assert.equal(box.exitStatus(), '0', set);
  return 'life';
}

/** Whether the kernel executes it at all under that limit. */
function isExecuted(set: string): boolean {
  return spawnSync('sh', ['-c', `${set}; exec "$0" --version`, conmon]).status === 0;
}

/** Its container prints when it gets the order `p`. */
function startPrinting(t: TestContext, set: string, options: { args?: string[]; outputBytes?: number } = {}) {
  const path = join(makeFolder(t), 'orders');
  must(sys.mkfifo(path, 0o600), 'mkfifo');
  const orders = openSync(path, O_RDWR);
  t.after(() => closeSync(orders));
  const sizes = {
    BENCH_LINE_BYTES: String(lineBytes),
    BENCH_TOTAL_BYTES: String(options.outputBytes ?? outputBytes),
  };
  return { orders, box: start(t, set, { BENCH_ORDERS: path, ...sizes }, options.args) };
}

/** With a runtime and a container that need next to nothing, as they have the limit too. */
function start(
  t: TestContext,
  set: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
) {
  return startMonitored(t, {
    runtime: compileRuntime(),
    args,
    before: ['/bin/sh', '-c', `${set} && exec "$@"`, 'sh'],
    env,
  });
}

let compiled: string | undefined;

function compileRuntime(): string {
  if (compiled !== undefined) return compiled;
  const path = join(import.meta.dirname, '../../build', `small-runtime-${process.pid}`);
  const source = join(import.meta.dirname, '../bench/programs/runtime.c');
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-static', source, '-o', path]);
  process.on('exit', () => sys.unlink(path));
  compiled = path;
  return path;
}
