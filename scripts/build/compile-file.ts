// One C file to an object file, unless that is there already, made of the same files by the same command.

import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { freshName, project, runCompiler, writeIfChanged } from './commands.ts';

export function compileFile(
  compiler: string,
  flags: readonly string[],
  source: string,
  object: string,
): void {
  const dependencies = `${object}.d`;
  const command = [compiler, ...flags, source].join('\n');
  if (isMade(object, dependencies, command)) return;
  mkdirSync(dirname(object), { recursive: true });
  const [freshObject, freshDependencies] = [freshName(object), freshName(dependencies)];
  runCompiler(compiler, [...flags, '-MMD', '-MF', freshDependencies, '-c', source, '-o', freshObject]);
  renameSync(freshDependencies, dependencies);
  renameSync(freshObject, object);
  writeIfChanged(`${object}.command`, command);
}

function isMade(object: string, dependencies: string, command: string): boolean {
  const commandFile = `${object}.command`;
  if (![object, dependencies, commandFile].every(existsSync)) return false;
  if (readFileSync(commandFile, 'utf8') !== command) return false;
  const made = statSync(object).mtimeMs;
  // As make reads it: `object: file file \` and so on, with spaces in names escaped.
  const text = readFileSync(dependencies, 'utf8').replaceAll('\\\n', ' ');
  const files = text
    .slice(text.indexOf(': ') + 2)
    .match(/(?:\\ |\S)+/g)!
    .map(name => name.replaceAll('\\ ', ' '));
  return files.every(
    file => existsSync(resolve(project, file)) && statSync(resolve(project, file)).mtimeMs <= made,
  );
}
