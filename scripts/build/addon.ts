// dist/sys.node: src/sys/native as an addon of Node.js, for the Node form, the library and the tests. With it comes
// src/sys/node-loop, which is for Node.js alone.

import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesIn, freshName, isFresh, project, runCompiler, warnings } from './commands.ts';

export function buildAddon(target: string): void {
  const sources = [...filesIn('src/sys/native', '.c'), ...filesIn('src/sys/node-loop', '.c')];
  if (
    isFresh(target, [
      ...sources,
      ...filesIn('src/sys/native', '.h'),
      'scripts/build/addon.ts',
      'scripts/build/commands.ts',
    ])
  )
    return;
  console.log(`building ${target}`);
  mkdirSync(dirname(target), { recursive: true });
  const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', ...warnings, '-s'];
  const fresh = freshName(target);
  const headers = join(project, 'node_modules/node-api-headers/include');
  runCompiler(process.env['CC'] ?? 'cc', [...flags, '-I', headers, ...sources, '-o', fresh]);
  renameSync(fresh, target);
}
