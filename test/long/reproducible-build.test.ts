// Whoever builds a commit gets the same executable, byte for byte, wherever, whenever and as whomever.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../fixtures/monitored.ts';

const project = join(import.meta.dirname, '../..');

test('build: one commit, two folders, two environments: the same bytes', {
  skip: withoutCheckout(),
}, t => {
  const dir = makeFolder(t, 'reproducible');
  const one = build(join(dir, 'a'), { TZ: 'UTC', LC_ALL: 'C', umask: '022' });
  const other = build(join(dir, 'in a folder', 'of another length'), {
    TZ: 'Asia/Kathmandu',
    LC_ALL: 'C.UTF-8',
    SOURCE_DATE_EPOCH: '1',
    umask: '077',
  });
  assert.ok(one.length > 100_000);
  assert.ok(one.equals(other), describeDifference(one, other));
  for (const path of [dir, project]) assert.ok(!one.includes(path), `${path} is not in it`);
});

/** The executable of HEAD, built in a clone of its own, with the same engine and the same packages. */
function build(folder: string, { umask, ...env }: Readonly<Record<string, string>>): Buffer {
  mkdirSync(join(folder, '..'), { recursive: true });
  execFileSync('git', ['clone', '--quiet', '--shared', project, folder]);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  const engines = join(project, 'build/engines');
  if (existsSync(engines)) cpSync(engines, join(folder, 'build/engines'), { recursive: true });
  const command = [process.execPath, 'scripts/build.ts'];
  execFileSync('/bin/sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...command], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readFileSync(join(folder, 'dist/conmon'));
}

function describeDifference(one: Buffer, other: Buffer): string {
  const at = one.findIndex((byte, i) => byte !== other[i]);
  const around = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', Math.max(0, at - 40), at + 40));
  return `${one.length} and ${other.length} bytes; from byte ${at} on: ${around(one)}, ${around(other)}`;
}

function withoutCheckout(): string | false {
  const { status } = spawnSync('git', ['-C', project, 'rev-parse', 'HEAD'], { stdio: 'ignore' });
  return status === 0 ? false : 'needs a checkout, of which it builds the last commit';
}
