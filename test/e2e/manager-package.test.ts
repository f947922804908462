// The library as a package: compiled, below node_modules, imported by its name, with its types.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { conmon } from '../fixtures/conmon.ts';
import { makeShellBundle, ociRuntime } from './manager-harness.ts';

const project = join(import.meta.dirname, '../..');
const tsc = join(project, 'node_modules/.bin/tsc');
const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));

test('package: a program that imports conmon-ts runs a container, and its types say what is wrong', async t => {
  const dir = makeProgram(t);
  const program = [
    "import { Runtime, type ContainerExit } from 'conmon-ts';",
    'const [root, runtimePath, conmon, bundle] = process.argv.slice(2) as [string, string, string, string];',
    'const runtime = new Runtime({ root, runtime: runtimePath, conmon });',
    "await runtime.create('packed', { bundle });",
    "await runtime.start('packed');",
    "const end: ContainerExit = await runtime.wait('packed');",
    "await runtime.delete('packed');",
    "console.log(end.exitCode, (await runtime.state('packed')).exitCode);",
  ];
  writeFileSync(join(dir, 'program.ts'), program.join('\n'));
  checkTypes(dir, 'program.ts');
  const bundle = makeShellBundle(t, 'exit 5');
  const args = [join(dir, 'root'), ociRuntime, conmon, bundle];
  const { stdout } = await execa(process.execPath, [join(dir, 'program.ts'), ...args]);
  assert.equal(stdout, '5 5');

  writeFileSync(join(dir, 'wrong.ts'), [...program, 'const code: number = end.exitCode;'].join('\n'));
  assert.throws(
    () => checkTypes(dir, 'wrong.ts'),
    /'number \| undefined' is not assignable to type 'number'/,
  );
});

test('package: a CommonJS program requires conmon-ts, without a warning', async t => {
  const dir = makeProgram(t);
  writeFileSync(
    join(dir, 'program.cjs'),
    `const { Runtime, NotFoundError } = require('conmon-ts');
    const [root, runtime, conmon] = process.argv.slice(2);
    new Runtime({ root, runtime, conmon }).wait('nobody').catch(error => {
      console.log(error instanceof NotFoundError, error.code);
    });`,
  );
  const args = [join(dir, 'program.cjs'), join(dir, 'root'), ociRuntime, conmon];
  const { stdout, stderr } = await execa(process.execPath, args);
  assert.deepEqual([stdout, stderr], ['true ERR_NOT_FOUND', '']);
});

/** A program's directory with the package installed in it. */
function makeProgram(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'manager-package-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const modules = join(dir, 'node_modules');
  const installed = join(modules, 'conmon-ts');
  mkdirSync(installed, { recursive: true });
  execFileSync(tsc, ['-p', join(project, 'tsconfig.lib.json'), '--outDir', join(installed, 'lib')]);
  cpSync(join(project, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(project, 'dist'), join(installed, 'dist'));
  for (const name of [...Object.keys(dependencies), '@types'])
    symlinkSync(join(project, 'node_modules', name), join(modules, name));
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }\n');
  return dir;
}

/** Throws what the compiler says; it reads all of the package's declarations. */
function checkTypes(dir: string, file: string): void {
  const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--types', 'node'];
  try {
    execFileSync(tsc, [...options, file], { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    throw new Error(error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error), {
      cause: error,
    });
  }
}
