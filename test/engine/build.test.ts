// The build takes what was checked and nothing else, and two of them do not get in each other's way.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findEngine } from '../../scripts/build/engine-source.ts';
import { buildExecutable, variants } from '../../scripts/build/executable.ts';
import { findToolchain } from '../../scripts/build/toolchain.ts';
import { makeFolder } from '../fixtures/monitored.ts';
import { engineVersions } from './engine-program.ts';

const project = join(import.meta.dirname, '../..');

for (const { version, skip } of engineVersions)
  test(`engine ${version}: a string.h beside its files, which no hash covers, is not compiled`, {
    skip,
  }, async t => {
    const folder = makeFolder(t, 'build');
    const source = findEngine(version);
    const path = join(folder, 'engine');
    cpSync(source.path, path, { recursive: true });
    writeFileSync(join(path, 'string.h'), '#error "nobody has checked this"\n');
    const toolchain = findToolchain('static');
    await buildExecutable(join(folder, 'conmon'), { ...source, path }, toolchain, variants.release);
  });

test('three builds at once: each comes to its end, with the same bytes', {
  skip: engineVersions[0]!.skip,
}, async t => {
  const folder = makeFolder(t, 'build');
  const outs = ['a', 'b', 'c'].map(name => join(folder, name));
  assert.deepEqual(await Promise.all(outs.map(build)), [0, 0, 0]);
  const [first, ...others] = outs.map(out => readFileSync(join(out, 'conmon')));
  for (const other of others) assert.ok(first!.equals(other));
});

/** Returns the exit status. */
function build(out: string): Promise<number | null> {
  const child = spawn(process.execPath, ['scripts/build.ts', '--out', out], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise(resolve => child.on('exit', resolve));
}
