// Functions that callers give.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CreateOptions, Runtime, type RuntimeOptions } from '../../../src/manager/index.ts';
import { makeFolder } from '../../fixtures/monitored.ts';

const throws = (): never => {
  throw new TypeError('my mistake');
};

const given: readonly [string, RuntimeOptions, Partial<CreateOptions>][] = [
  ['exitCommand', {}, { exitCommand: throws }],
  ['runtimeFor', { runtimeFor: throws }, {}],
  ['cgroupsOf', {}, { placement: Object.assign(async () => {}, { cgroupsOf: throws }) }],
];

for (const [name, options, createOptions] of given)
  test(`create: what ${name} throws is an argument error with its cause, and nothing is made`, async t => {
    const root = join(makeFolder(t), 'root');
    const bundle = join(makeFolder(t), 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'config.json'), '{}');
    const runtime = new Runtime({ root, runtime: 'true', conmon: 'true', ...options });
    await assert.rejects(runtime.create('a', { bundle, ...createOptions }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'ERR_ARGUMENT');
      assert.equal(error.message, `${name} threw an error: my mistake`);
      assert.ok(error.cause instanceof TypeError);
      return true;
    });
    assert.deepEqual(await runtime.list(), []);
  });
