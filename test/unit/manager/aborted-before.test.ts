// A signal that is aborted before a call: nothing is done at all, by any of them.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CallOptions, Runtime } from '../../../src/manager/index.ts';

const args = ['true'];

/** Every method that takes a signal, but for those that hand out what is read later. */
const calls: Record<string, (runtime: Runtime, options: CallOptions) => Promise<unknown>> = {
  create: (runtime, options) => runtime.create('x', { bundle: '/nowhere', ...options }),
  start: (runtime, options) => runtime.start('x', options),
  kill: (runtime, options) => runtime.kill('x', 'SIGTERM', options),
  pause: (runtime, options) => runtime.pause('x', options),
  resume: (runtime, options) => runtime.resume('x', options),
  update: (runtime, options) => runtime.update('x', {}, options),
  stop: (runtime, options) => runtime.stop('x', options),
  delete: (runtime, options) => runtime.delete('x', { force: true, ...options }),
  state: (runtime, options) => runtime.state('x', options),
  list: (runtime, options) => runtime.list(options),
  wait: (runtime, options) => runtime.wait('x', 'exited', options),
  stats: (runtime, options) => runtime.stats('x', options),
  processes: (runtime, options) => runtime.processes('x', options),
  exec: (runtime, options) => runtime.exec('x', { args, ...options }),
  execSync: (runtime, options) => runtime.execSync('x', { args, ...options }),
  attach: (runtime, options) => runtime.attach('x', options),
  reopenLog: (runtime, options) => runtime.reopenLog('x', options),
  resize: (runtime, options) => runtime.resize('x', { rows: 1, columns: 1 }, options),
  version: (runtime, options) => runtime.version(options),
  ready: (runtime, options) => runtime.ready(options),
};

/** Neither signalled nor read: they only name something. */
const others = ['constructor', 'name', 'path', 'root', 'logger', 'container', 'close', 'logs', 'events'];

for (const [name, use] of Object.entries(calls))
  test(`signal: aborted before, ${name} rejects with its reason and does nothing`, async t => {
    const { runtime, root, called } = makeTattling(t);
    const reason = new Error('enough');
    await assert.rejects(use(runtime, { signal: AbortSignal.abort(reason) }), reason);
    assert.deepEqual([existsSync(root), existsSync(called)], [false, false]);
  });

test('signal: no call of the library is missing here', () => {
  const names = Object.getOwnPropertyNames(Runtime.prototype);
  assert.deepEqual(names.filter(name => !others.includes(name)).sort(), Object.keys(calls).sort());
});

/** Its runtime and monitor leave a trace of being called. */
function makeTattling(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'manager-aborted-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [program, called, root] = [join(dir, 'program'), join(dir, 'called'), join(dir, 'root')];
  writeFileSync(program, `#!/bin/sh\n: >'${called}'\n`, { mode: 0o755 });
  return { runtime: new Runtime({ runtime: program, conmon: program, root }), root, called };
}
