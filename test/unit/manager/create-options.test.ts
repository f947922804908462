// What create, and every call, refuses before anything is done.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CreateOptions, Runtime } from '../../../src/manager/index.ts';
import { makeFolder } from '../../fixtures/monitored.ts';

function makeRuntime(t: TestContext): { readonly runtime: Runtime; readonly bundle: string } {
  const bundle = join(makeFolder(t), 'bundle');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), '{}');
  return { runtime: new Runtime({ root: makeFolder(t), runtime: 'true', conmon: 'true' }), bundle };
}

const wrong: readonly [string, object][] = [
  ['bundle', { bundle: 5 }],
  ['bundle', { bundle: undefined }],
  ['bundle', { bundle: '/a\0b' }],
  ['name', { name: 5 }],
  ['labels', { labels: { a: 5 } }],
  ['monitorArgs', { monitorArgs: ['a\0b'] }],
  ['monitorArgs', { monitorArgs: [5] }],
  ['runtimeOpts', { runtimeOpts: '--debug' }],
  ['log', { log: null }],
  ['log', { log: [null] }],
  ['log', { log: { driver: 'syslog' } }],
  ['log', { log: { driver: 'k8s-file', path: 5 } }],
  ['exitCommand', { exitCommand: { file: 5 } }],
  ['exitCommand', { exitCommand: () => ({ file: 'true', args: [5] }) }],
  ['delaySeconds', { exitCommand: { file: 'true', delaySeconds: -1 } }],
  ['signal', { signal: 5 }],
];

test('create: what can’t be right is an argument error that names it, and nothing is made', async t => {
  const { runtime, bundle } = makeRuntime(t);
  for (const [name, options] of wrong)
    await assert.rejects(
      runtime.create('a', { bundle, ...options } as CreateOptions),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_ARGUMENT', String(error.stack));
        assert.ok(error.message.startsWith(`${name}: `), error.message);
        return true;
      },
    );
  assert.deepEqual(readdirSync(runtime.root), []);
});

test('every call: options that are none are an argument error', async t => {
  const { runtime } = makeRuntime(t);
  const none = null as unknown as CreateOptions;
  for (const call of [
    () => runtime.create('x', none),
    () => runtime.create('x', undefined as unknown as CreateOptions),
    () => runtime.state('x', none),
    () => runtime.state(Symbol('x') as unknown as string),
    () => runtime.list(none),
    () => runtime.wait('x', 'exited', none),
    () => runtime.wait('x', { timeLimitMs: 1 } as unknown as 'exited'),
    () => runtime.logs('x', { stream: 'x' as 'stdout' }).next(),
  ])
    await assert.rejects(call, { code: 'ERR_ARGUMENT' }, String(call));
});
