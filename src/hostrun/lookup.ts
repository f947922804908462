import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeFailure, RuntimeError } from './runtime-error.ts';

/** Throws, in runc's words, unless `name` is something that can be executed: a path, or a name in PATH of `env`. */
export function requireExecutable(name: string, env: readonly string[], cwd: string): void {
  const refuse = (why: string) =>
    new RuntimeError(`unable to start container process: exec: ${JSON.stringify(name)}: ${why}`);
  if (name.includes('/')) {
    const path = resolve(cwd, name);
    try {
      if (!isExecutable(path)) throw refuse('permission denied');
    } catch (error) {
      throw error instanceof RuntimeError ? error : refuse(describeFailure(error));
    }
    return;
  }
  const path = env.findLast(entry => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const found = path.split(':').some(dir => {
    try {
      return isExecutable(resolve(cwd, join(dir === '' ? '.' : dir, name)));
    } catch {
      return false;
    }
  });
  if (!found || name === '') throw refuse('executable file not found in $PATH');
}

function isExecutable(path: string): boolean {
  if (!statSync(path).isFile()) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
