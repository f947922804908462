// After its closing a Runtime does nothing any more, whatever it is asked for.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Runtime, StateError } from '../../../src/manager/index.ts';

const runtime = new Runtime({ root: '/nowhere', runtime: process.execPath, conmon: process.execPath });
const methods: readonly string[] = Object.entries(Object.getOwnPropertyDescriptors(Runtime.prototype))
  .filter(([name, { value }]) => typeof value === 'function' && !['constructor', 'container'].includes(name))
  .map(([name]) => name);

describe('a Runtime that is closed', async () => {
  await runtime.close();

  for (const name of methods.filter(name => name !== 'close'))
    it(`${name}: is refused`, async () => {
      await assert.rejects(call(name), (error: unknown) => {
        assert.ok(error instanceof StateError);
        assert.match(error.message, /closed/);
        return true;
      });
    });

  it('close: can be called again', () => runtime.close());

  it('root, logger and handles can still be had', () => {
    assert.equal(runtime.root, '/nowhere');
    assert.equal(typeof runtime.logger.info, 'function');
    assert.equal(runtime.container('web').id, 'web');
  });
});

/** Calls a method with what suffices for the first look; an iterator is asked for its first value. */
async function call(name: string): Promise<unknown> {
  const method = Reflect.get(runtime, name) as (...args: unknown[]) => unknown;
  const result = method.call(runtime, ...(withoutId.has(name) ? [] : ['web']), {});
  const isIterator = typeof result === 'object' && result !== null && 'next' in result;
  return isIterator ? (result as AsyncIterator<unknown>).next() : result;
}

const withoutId: ReadonlySet<string> = new Set(['list', 'events', 'version', 'ready']);
