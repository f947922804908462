// Our changes to an engine's source (src/engine/*/changes.ts), and our part of it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../../src/engine/change.ts';
import { project } from './commands.ts';
import type { EngineSource } from './engine-source.ts';

/** The files of the engine, by name: those that were checked and no other, for a package may hold a string.h too. */
export async function changeEngine(source: EngineSource): Promise<Map<string, string>> {
  const folder = `src/engine/${source.engine.folder}`;
  const { changes }: { changes: readonly Change[] } = await import(join(project, folder, 'changes.ts'));
  const files = new Map<string, string>();
  for (const name of [...source.engine.sources, ...source.engine.headers])
    files.set(name, readFileSync(join(source.path, name), 'utf8'));
  for (const change of changes) {
    const name = change.file ?? 'quickjs.c';
    files.set(name, apply(change, files.get(name)!, `${source.label}, ${name}`));
  }
  const own = `\n#line 1 "${folder}/engine.c"\n${readFileSync(join(project, folder, 'engine.c'), 'utf8')}`;
  files.set('quickjs.c', files.get('quickjs.c') + own);
  return files;
}

function apply({ find, times, put, why }: Change, text: string, where: string): string {
  const pattern = typeof find === 'string' ? new RegExp(quotePattern(find), 'g') : find;
  const found = text.match(pattern)?.length ?? 0;
  if (found !== times) throw new Error(`${where}: ${find} is there ${found} times, not ${times} (${why})`);
  return typeof find === 'string' ? text.replaceAll(find, () => put) : text.replaceAll(pattern, put);
}

function quotePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
