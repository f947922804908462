import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArgumentError } from '../../../src/manager/errors.ts';
import { systemdScopes } from '../../../src/manager/systemd/index.ts';

const wrong = {
  'a name without the ID': { unit: 'conmon.scope' },
  'a name of a service': { unit: 'conmon-{id}.service' },
  'a name with a quote': { unit: "conmon'-{id}.scope" },
  'a slice without its suffix': { slice: 'machine' },
  'a slice with a slash': { slice: 'a/b.slice' },
};

for (const [what, options] of Object.entries(wrong))
  test(`systemdScopes: ${what} is refused before anything is asked`, () => {
    assert.throws(() => systemdScopes({ bus: 'system', ...options }), ArgumentError);
  });

test('systemdScopes: an address that can not be understood is an error of the argument', async () => {
  const place = systemdScopes({ bus: 'pigeon:loft=1' });
  const placed = place({ pid: process.pid, id: 'a', signal: new AbortController().signal });
  await assert.rejects(placed, error => error instanceof ArgumentError && /pigeon/.test(error.message));
});
