// The Node form: conmon, the launcher, and libexec/conmon, the project's Node.js, which the launcher has run src/main.ts
// where it lies. It is for debugging, and for machines on which the executable cannot be built.

import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freshName, project, readCommit, runCompiler, warnings, writeIfChanged } from './commands.ts';
import { optionsHeader } from './options-header.ts';

const nodeArguments = [
  '--disable-sigusr1',
  '--no-warnings',
  '--no-global-search-paths',
  join(project, 'src/main.ts'),
];

export function buildNodeForm(out: string): void {
  const generated = join(project, 'build/node/generated');
  writeIfChanged(join(generated, 'options.h'), optionsHeader(readCommit()));
  mkdirSync(join(out, 'libexec'), { recursive: true });
  const target = join(out, 'conmon');
  console.log(`building ${target}, in front of Node.js`);
  const flags = ['-std=gnu11', '-O2', ...warnings, '-I', generated, '-I', 'src/launcher'];
  const engineArguments = nodeArguments.map(argument => JSON.stringify(argument)).join(', ');
  const sources = ['src/launcher/launcher.c', 'src/launcher/node.c'];
  runCompiler(process.env['CC'] ?? 'cc', [
    ...flags,
    `-DENGINE_ARGUMENTS=${engineArguments}`,
    ...sources,
    '-o',
    freshName(target),
  ]);
  renameSync(freshName(target), target);
  linkNode(join(out, 'libexec/conmon'));
}

/** Under the name that callers look for in /proc/PID/exe. */
function linkNode(target: string): void {
  rmSync(freshName(target), { force: true });
  try {
    linkSync(process.execPath, freshName(target));
  } catch {
    copyFileSync(process.execPath, freshName(target)); // another file system
  }
  renameSync(freshName(target), target);
}
