// A handle has every call that is about one container.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ArgumentError, type ContainerState, NotFoundError, Runtime } from '../../../src/manager/index.ts';

const runtime = new Runtime({ root: '/nowhere', runtime: process.execPath, conmon: process.execPath });

it('ContainerHandle: every method of Runtime whose first parameter is an ID, and no other', () => {
  const { container: _, ...methods } = Object.getOwnPropertyDescriptors(Runtime.prototype);
  const perContainer = Object.entries(methods)
    .filter(([, { value }]) => typeof value === 'function' && /^[^(]*\(\s*id\b/.test(String(value)))
    .map(([name]) => name);
  assert.ok(perContainer.length > 10);
  assert.deepEqual(Object.keys(runtime.container('web')).sort(), ['id', ...perContainer].sort());
});

it('ContainerHandle: the calls are about its container; making it asks nobody', async () => {
  const handle = runtime.container('nobody');
  assert.equal(handle.id, 'nobody');
  const state: Promise<ContainerState> = handle.state();
  await assert.rejects(state, (error: unknown) => {
    assert.ok(error instanceof NotFoundError);
    assert.match(error.message, /container nobody/);
    return true;
  });
  await assert.rejects(handle.start(), NotFoundError);
  await assert.rejects(handle.logs().next(), NotFoundError);
});

it('ContainerHandle: an ID that is none is refused at once', () => {
  assert.throws(() => runtime.container('../etc'), ArgumentError);
});
