// Programs in C that the tests of this folder bring along: programs/*.c.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { warnings } from '../../scripts/build/commands.ts';
import { makeFolder } from '../fixtures/monitored.ts';

/** Compiles programs/NAME.c. Returns the executable's path. */
export function compileProgram(t: TestContext, name: string, flags: readonly string[] = ['-O2']): string {
  const project = join(import.meta.dirname, '../..');
  const path = join(makeFolder(t, 'program'), name);
  const source = join(import.meta.dirname, 'programs', `${name}.c`);
  const args = ['-std=gnu11', ...warnings, ...flags, '-I', join(project, 'src/engine'), source, '-o', path];
  execFileSync(process.env['CC'] ?? 'cc', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return path;
}
