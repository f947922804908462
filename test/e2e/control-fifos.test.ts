// The fifos in a real directory.

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ControlFifos, openControlFifos } from '../../src/control/control-fifos.ts';
import { O_CLOEXEC, O_NONBLOCK, O_WRONLY } from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { FatalError } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';
import { turn } from '../fixtures/turn.ts';

/** Longer than any test takes on a slow machine: reached, it is a hang. */
const hangMs = 20_000;

class TestFifos {
  readonly reactor = new Reactor(sys);
  readonly bundle: string;
  readonly fifos: ControlFifos;
  /** What the hooks were called with, as text. */
  readonly seen: string[] = [];
  readonly warnings: string[] = [];

  constructor(t: TestContext, bundle = makeBundle(t)) {
    this.bundle = bundle;
    const hooks = {
      onResize: (height: number, width: number) => this.seen.push(`${height}x${width}`),
      onReopenLogs: () => this.seen.push('reopen'),
    };
    this.fifos = openControlFifos(sys, this.reactor, bundle, hooks, message => this.warnings.push(message));
  }

  /** As a caller does: open without waiting, write, close. */
  write(name: 'ctl' | 'winsz', text: string): void {
    const fd = sys.open(join(this.bundle, name), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
    assert.ok(fd >= 0, `open ${name}: ${fd}`);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) {
      const written = sys.write(fd, bytes, at, bytes.length - at);
      if (written === -EAGAIN) turn(this.reactor, hangMs);
      else at += written;
    }
    sys.close(fd);
  }

  until(isDone: () => boolean): void {
    const start = this.reactor.nowMs();
    while (!isDone()) {
      assert.ok(this.reactor.nowMs() - start < hangMs, 'nothing more happens');
      turn(this.reactor, hangMs);
    }
  }
}

function makeBundle(t: TestContext): string {
  const bundle = mkdtempSync(join(tmpdir(), 'control-'));
  t.after(() => rmSync(bundle, { recursive: true, force: true }));
  return bundle;
}

test('control fifos C1, C4: both have a reader at once, and hand on what is written', t => {
  const on = new TestFifos(t);
  on.write('ctl', '1 24 80\n');
  on.until(() => on.seen.length === 1);
  on.write('winsz', '25 81\n');
  on.until(() => on.seen.length === 2);
  on.write('ctl', '2 0 0\n1 26 82\n');
  on.until(() => on.seen.length === 4);
  assert.deepEqual(on.seen, ['24x80', '25x81', 'reopen', '26x82']);
});

test('control fifos C1: their mode is 0660 less the umask', t => {
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const on = new TestFifos(t);
  for (const name of ['ctl', 'winsz']) {
    const stat = lstatSync(join(on.bundle, name));
    assert.ok(stat.isFIFO());
    assert.equal((stat.mode & 0o7777).toString(8), '640');
  }
});

test('control fifos C2: the fifos of an earlier monitor are replaced', t => {
  const crashed = new TestFifos(t);
  const on = new TestFifos(t, crashed.bundle);
  on.write('ctl', '1 2 3\n');
  on.until(() => on.seen.length === 1);
  turn(crashed.reactor, 0);
  assert.deepEqual(crashed.seen, []);
});

test('control fifos C2: a file or a link of that name stays, and is a FatalError that names it', t => {
  const bundle = makeBundle(t);
  const target = join(makeBundle(t), 'target');
  writeFileSync(join(bundle, 'winsz'), 'precious');
  const message = `Failed to mkfifo at ${bundle}/winsz: File exists`;
  assert.throws(
    () => new TestFifos(t, bundle),
    (error: FatalError) => error instanceof FatalError && error.message === message,
  );
  assert.equal(readFileSync(join(bundle, 'winsz'), 'utf8'), 'precious');
  rmSync(join(bundle, 'ctl'));
  symlinkSync(target, join(bundle, 'ctl'));
  assert.throws(() => new TestFifos(t, bundle), /mkfifo at .*ctl: File exists/);
  assert.equal(existsSync(target), false);
});

test('control fifos C3: close leaves both where they are', t => {
  const on = new TestFifos(t);
  on.fifos.close();
  assert.ok(lstatSync(join(on.bundle, 'ctl')).isFIFO());
  assert.ok(lstatSync(join(on.bundle, 'winsz')).isFIFO());
});

test('control fifos C9, C11: 64 KiB of junk are one warning, and the next command is obeyed', t => {
  const on = new TestFifos(t);
  on.write('ctl', `1 2 2${'x'.repeat(65_535)}\n`);
  on.write('ctl', '1 3 3\n');
  on.until(() => on.seen.length === 1);
  assert.deepEqual(on.seen, ['3x3']);
  assert.equal(on.warnings.length, 1);
});

test('control fifos C10: a line may come in parts, while the other fifo is used', t => {
  const on = new TestFifos(t);
  on.write('ctl', '1 2');
  turn(on.reactor, 0);
  on.write('winsz', '5 6\n');
  on.until(() => on.seen.length === 1);
  on.write('ctl', '0 3\n');
  on.until(() => on.seen.length === 2);
  assert.deepEqual(on.seen, ['5x6', '20x3']);
});

test('control fifos C13: when the last writer has gone there is nothing to wake up for', t => {
  const on = new TestFifos(t);
  on.write('ctl', '1 2 3\n');
  on.until(() => on.seen.length === 1);
  let isDue = false;
  on.reactor.after(50, () => {
    isDue = true;
  });
  let turns = 0;
  for (; !isDue && turns < 100; turns++) on.reactor.turn();
  assert.ok(turns < 10, `${turns} turns without anything to do`);
});

test('control fifos: a bundle that is not there is a FatalError that names it', t => {
  assert.throws(
    () => new TestFifos(t, '/nowhere/bundle'),
    /\/nowhere\/bundle\/ctl: No such file or directory/,
  );
});
