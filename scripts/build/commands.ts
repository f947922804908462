// Running programs and looking at files, for the build.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export const project = join(import.meta.dirname, '../..');

export function run(command: string, args: readonly string[], cwd: string = project): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** A compiler may have arguments of its own behind its name, as CC has: `ccache gcc`, `gcc -m64`. */
export function runCompiler(compiler: string, args: readonly string[]): void {
  const [command, ...more] = wordsOf(compiler);
  run(command, [...more, ...args]);
}

/** For all C of ours: none is let pass. */
export const warnings: readonly string[] = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror'];

export function wordsOf(compiler: string): [command: string, ...args: string[]] {
  return compiler.trim().split(/\s+/) as [string, ...string[]];
}

/** What a program prints, without the last newline. */
export function ask(command: string, args: readonly string[], cwd: string = project): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trimEnd();
}

/** Whether a program succeeds, whatever it says. */
export function works(command: string, args: readonly string[], input?: string): boolean {
  try {
    execFileSync(command, args, { cwd: project, input: input ?? '', stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    return false;
  }
}

export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .sort()
    .map(name => join(folder, name));
}

/** Whether `target` is younger than all it is made of, paths in the project. */
export function isFresh(target: string, sources: readonly string[]): boolean {
  if (!existsSync(target)) return false;
  const made = statSync(target).mtimeMs;
  return sources.every(source => statSync(join(project, source)).mtimeMs <= made);
}

/** Leaves a file that has this content already as old as it is. */
export function writeIfChanged(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return;
  const fresh = freshName(path);
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

/** Where a file is made that then takes the place of the one at `path`: no build sees half of what another one of the
 * same folder makes. */
export function freshName(path: string): string {
  return `${path}.${process.pid}`;
}

/** Puts a copy of `made` in the place of `target`, which may lie on another disk. */
export function replace(made: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const fresh = freshName(target);
  copyFileSync(made, fresh);
  renameSync(fresh, target);
}

/** The commit that is built; `unknown` outside of a checkout. */
export function readCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
