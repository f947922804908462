// bin/conmonctl finds a Node.js and its own code: in a checkout, in an installed package, and with an old Node.js.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { conmonctl, finish } from './conmonctl-harness.ts';

const project = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));

const run = (words: readonly string[]) =>
  finish(spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] }));

test('conmonctl: called through a symbolic link, as npm installs it, it finds the checkout', async t => {
  const link = join(makeDir(t), 'conmonctl');
  symlinkSync(conmonctl, link);
  const { stdout, stderr } = await finish(spawn(link, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] }));
  assert.deepEqual([stdout, stderr], [`${version}\n`, '']);
});

test('conmonctl: below node_modules it runs the compiled code', async t => {
  const modules = join(makeDir(t), 'node_modules');
  const installed = join(modules, 'conmon-ts');
  mkdirSync(installed, { recursive: true });
  const tsc = join(project, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', join(project, 'tsconfig.lib.json'), '--outDir', join(installed, 'lib')], {
    cwd: project,
  });
  cpSync(join(project, 'bin'), join(installed, 'bin'), { recursive: true });
  cpSync(join(project, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(project, 'dist'), join(installed, 'dist'));
  for (const name of ['yargs', 'pino', 'execa', 'write-file-atomic'])
    symlinkSync(join(project, 'node_modules', name), join(modules, name));
  const main = join(installed, 'bin/conmonctl');
  assert.equal((await run([main, '--version'])).stdout, `${version}\n`);
  const runtime = join(project, 'bin/hostrun');
  const doctor = await run([main, 'doctor', '--json', '--root', join(modules, 'root'), '--runtime', runtime]);
  assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);
  rmSync(join(installed, 'lib'), { recursive: true });
  const broken = await run([main, '--version']);
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^conmonctl: the package is not whole: .*\n {2}try: install it anew\n$/);
});

test('conmonctl: an old Node.js hands on to the pinned one in a checkout, exit status and all', async t => {
  const preload = pretendOldNode(t);
  assert.equal((await run(['-r', preload, conmonctl, '--version'])).stdout, `${version}\n`);
  const { status, stderr } = await run(['-r', preload, conmonctl, 'nothing']);
  assert.equal(status, 2);
  assert.match(stderr, /^conmonctl: /);
});

test('conmonctl: an old Node.js without another one is told what is needed', async t => {
  const bin = join(makeDir(t), 'node_modules/conmon-ts/bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['conmonctl', 'package.json']) cpSync(join(project, 'bin', name), join(bin, name));
  const { status, stderr } = await run(['-r', pretendOldNode(t), join(bin, 'conmonctl'), 'list']);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^conmonctl: it needs Node\.js 22\.18 or newer; this is 18\.20\.0 .*\n {2}try: a newer `node` in PATH\n$/,
  );
});

function pretendOldNode(t: TestContext): string {
  const preload = join(makeDir(t), 'old.cjs');
  writeFileSync(preload, "Object.defineProperty(process.versions, 'node', { value: '18.20.0' });\n");
  return preload;
}

function makeDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'conmonctl-install-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
