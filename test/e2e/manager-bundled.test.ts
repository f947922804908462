// The library in one file with the program that uses it, as esbuild makes it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build, type Format } from 'esbuild';
import { makeFolder } from '../fixtures/monitored.ts';
import { hangMs } from '../fixtures/waiting.ts';
import { conmons, makeShellBundle, ociRuntime } from './manager-harness.ts';

const project = join(import.meta.dirname, '../..');

/** Attaches to a container where that is possible, and waits for it. */
const lines = `
  const [root, runtimePath, conmon, bundle] = process.argv.slice(2);
  const runtime = new Runtime({ root, runtime: runtimePath, conmon });
  const use = async () => {
    await runtime.create('bundled', { bundle });
    try {
      let output;
      try {
        output = (await runtime.attach('bundled')).toArray();
      } catch ({ message }) {
        output = message;
      }
      await runtime.start('bundled');
      const { exitCode } = await runtime.wait('bundled');
      console.log(JSON.stringify([exitCode, String(await output)]));
    } finally {
      await runtime.delete('bundled', { force: true });
    }
  };
  use();`;

for (const format of ['esm', 'cjs'] as const) {
  test(`library bundled as ${format}: it waits and attaches with the addon beside it`, async t => {
    const program = await bundle(t, format);
    copyFileSync(join(project, 'dist/sys.node'), join(program, '../sys.node'));
    assert.deepEqual(run(t, program), [5, 'out\n']);
  });

  test(`library bundled as ${format}: it waits without the addon, and says where it looks for it`, async t => {
    const program = await bundle(t, format);
    // Found by a path that is none, or by the working directory, they would be loaded.
    const decoys = makeFolder(t);
    for (const place of ['dist', 'a/b', 'undefined']) mkdirSync(join(decoys, place), { recursive: true });
    for (const place of ['dist/sys.node', 'sys.node'])
      copyFileSync(join(project, 'dist/sys.node'), join(decoys, place));
    const refusal =
      'Node.js alone can’t attach to a container, and the addon is not beside the bundle: ' +
      `copy the package’s dist/sys.node to ${join(program, '../sys.node')}`;
    assert.deepEqual(run(t, program, join(decoys, 'a/b')), [5, refusal]);
  });
}

/** A program and the library in one file. */
async function bundle(t: TestContext, format: Format): Promise<string> {
  const dir = makeFolder(t, 'bundled');
  const outfile = join(dir, 'out', format === 'esm' ? 'program.mjs' : 'program.cjs');
  const contents = `import { Runtime } from '${project}/src/manager/index.ts';${lines}`;
  await build({
    stdin: { contents, resolveDir: project, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format,
    outfile,
    logLevel: 'error',
    ...(format === 'esm' ? { banner: { js: banner() } } : {}),
  });
  return outfile;
}

/** What the manual gives: dependencies that are CommonJS use what a module has not. */
function banner(): string {
  const manual = readFileSync(join(project, 'docs/manager.md'), 'utf8');
  const [, js] = /banner: \{\s+js: `(.*?)`/s.exec(manual) ?? [];
  assert.ok(js);
  return js;
}

function run(t: TestContext, program: string, cwd?: string): unknown {
  const root = join(makeFolder(t), 'root');
  const args = [program, root, ociRuntime, conmons[0]!.path, makeShellBundle(t, 'echo out; exit 5')];
  const options = { encoding: 'utf8', timeout: hangMs, ...(cwd ? { cwd } : {}) } as const;
  const { stdout, stderr } = spawnSync(process.execPath, args, options);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}
