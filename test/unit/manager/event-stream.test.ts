import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { ArgumentError, Runtime } from '../../../src/manager/index.ts';

const programs = { runtime: process.execPath, conmon: process.execPath };

it('events: a directory of state that can’t be made is an ArgumentError', t => {
  const folder = mkdtempSync(join(tmpdir(), 'manager-events-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const runtime = new Runtime({ ...programs, root: join(folder, 'file/state') });
  writeFileSync(join(folder, 'file'), '', { mode: 0o600 });
  assert.throws(() => runtime.events(), ArgumentError);
});

it('events: what is no time is an ArgumentError', () => {
  const runtime = new Runtime({ ...programs, root: '/nowhere' });
  for (const since of [new Date(Number.NaN), '2026-01-01' as unknown as Date])
    assert.throws(() => runtime.events({ since }), ArgumentError);
});
