// Modules of ./programs in the engine, as the monitor is in it: run to the end of their top level when an executable is
// built, stored as its image, and called at its start. A module exports `tell(say)`; what it says is what the test sees,
// there and under Node.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { findEngine } from '../../scripts/build/engine-source.ts';
import { buildExecutable, type Variant, variants } from '../../scripts/build/executable.ts';
import { findToolchain } from '../../scripts/build/toolchain.ts';
import { makeFolder } from '../fixtures/monitored.ts';

process.removeAllListeners('warning'); // that taking types out is experimental

interface Program {
  tell(say: (line: string) => void): void;
}

/** The engines that the executable is built on, and why a test can't have one of them here. */
export const engineVersions = ['0.17.0', '2021-03-27'].map(version => ({
  version,
  skip: whyMissing(version),
}));

const project = join(import.meta.dirname, '../..');

function whyMissing(version: string): string | false {
  try {
    findEngine(version);
    return false;
  } catch (error) {
    return `engine ${version}: ${(error as Error).message}`;
  }
}

/** The path of a monitor on that engine, as users get it. */
export async function buildMonitor(t: TestContext, engine: string): Promise<string> {
  const target = join(makeFolder(t, 'monitor'), 'conmon');
  await buildExecutable(target, findEngine(engine), findToolchain('static'), variants.release);
  return target;
}

/** The path of an executable that runs programs/NAME.ts. Start it with `--sync`: it then does not fork. */
export async function buildProgram(
  t: TestContext,
  name: string,
  engine: string,
  variant: Variant = variants.release,
): Promise<string> {
  const folder = makeFolder(t, 'program');
  const target = join(folder, name);
  const modules = join(folder, 'modules');
  const program = `test/engine/programs/${name}.ts`;
  write(modules, 'src/main.ts', mainModule(program));
  for (const path of withImports(program)) write(modules, path, stripTypeScriptTypes(readSource(path)));
  const toolchain = findToolchain(variant === variants.sanitize ? 'dynamic' : 'static');
  await buildExecutable(target, findEngine(engine), toolchain, variant, modules);
  return target;
}

/** What the program says in the engine, as lines. `shell` is what is done before it is started. */
export function runProgram(path: string, shell = ':'): string[] {
  const script = `${shell}\nexec '${path}' --sync`;
  return linesOf(execFileSync('sh', ['-c', script], { encoding: 'utf8', maxBuffer: 1 << 28 }));
}

/** What it says here. */
export async function tellHere(name: string): Promise<string[]> {
  const { tell }: Program = await import(`./programs/${name}.ts`);
  const said: string[] = [];
  tell(line => said.push(line));
  return said;
}

/** The monitor's own calls write and end the process: the engine has no others. */
function mainModule(program: string): string {
  return `import { tell } from '../${program}';
conmonAtStart(() => {
  const parts = [];
  tell(line => parts.push(line));
  const bytes = conmonText.utf8Bytes(parts.join('\\n') + '\\n');
  for (let at = 0; at < bytes.length; ) at += conmonSys.write(1, bytes, at, bytes.length - at);
  conmonSys.exit(0);
});
`;
}

/** Paths in the project of a module and of all that it imports. */
function withImports(path: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, name] of stripTypeScriptTypes(readSource(path)).matchAll(/ from '(\.[^']+)';/g))
    withImports(relative(project, join(project, dirname(path), name!)), found);
  return found;
}

function readSource(path: string): string {
  return readFileSync(join(project, path), 'utf8');
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
