// The working directory of the programs that the library starts: the caller's, at the time of the call. What they are
// told by relative paths is the caller's to say, and means the same to them.

import { accessSync, constants, readlinkSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { ArgumentError } from './errors.ts';

/** The caller's directory; `/` where that was removed, or can't be entered any more. */
export function findWorkingDirectory(): string {
  return findDirectory() ?? '/';
}

/** A path made absolute. Throws {@link ArgumentError} where it is relative to a directory that was removed. */
export function resolvePath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  const directory = findDirectory();
  if (directory === undefined)
    throw new ArgumentError(`${path} is relative, and the working directory is gone`);
  return resolve(directory, path);
}

/** Of the kernel, as Node.js remembers the path of a directory that was removed or renamed since. */
function findDirectory(): string | undefined {
  try {
    const path = readlinkSync('/proc/self/cwd');
    accessSync(path, constants.X_OK);
    const [here, there] = [statSync('.'), statSync(path)];
    return here.ino === there.ino && here.dev === there.dev ? path : undefined;
  } catch {
    return undefined;
  }
}
