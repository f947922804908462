// Where programs are.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { distFile } from './dist-files.ts';
import { ArgumentError } from './errors.ts';
import { isMissing } from './files.ts';
import { resolvePath } from './working-directory.ts';

/** The absolute path of an executable: a name is looked up in PATH, a path is taken relative to the working
 * directory of this moment, which may be another when it is run. Throws {@link ArgumentError} where there is none. */
export function findExecutable(file: string): string {
  const path = locate(file);
  if (path === undefined) throw new ArgumentError(`${file} is not in PATH`);
  const fault = findFault(path);
  if (fault) throw new ArgumentError(`${path} ${fault.words}`, { cause: fault.cause });
  return path;
}

/** The same, or `undefined`. A name that PATH does not have is looked for in `moreDirectories`. */
export function locate(file: string, moreDirectories: readonly string[] = []): string | undefined {
  return file.includes('/') ? resolvePath(file) : findInPath(file, moreDirectories);
}

/** The absolute path of the executable of this name that is first in PATH, or else in `moreDirectories`. */
export function findInPath(name: string, moreDirectories: readonly string[] = []): string | undefined {
  return findIn([...(process.env['PATH'] ?? '').split(delimiter), ...moreDirectories], name);
}

/** The same of `directories` only. Those that are relative are passed over: what they hold is whose the working
 * directory is. */
export function findIn(directories: readonly string[], name: string): string | undefined {
  return directories
    .filter(isAbsolute)
    .map(directory => join(directory, name))
    .find(isExecutable);
}

/** This package's monitor where it has been built, else the first one where Podman looks (its default of
 * `conmon_path`, containers/common pkg/config/default.go). */
export function findMonitor(): string {
  const own = distFile('conmon');
  if (isExecutable(own)) return own;
  return findIn(monitorPlaces, 'conmon') ?? findExecutable('conmon');
}

const monitorPlaces = [
  '/usr/libexec/podman',
  '/usr/local/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/run/current-system/sw/bin',
];

function isExecutable(path: string): boolean {
  return findFault(path) === undefined;
}

/** Why a file can't be executed; `undefined` where it can. */
function findFault(path: string): { readonly words: string; readonly cause?: unknown } | undefined {
  try {
    if (!statSync(path).isFile()) return { words: 'is no file' };
  } catch (cause) {
    return { words: isMissing(cause) ? 'is not there' : 'can’t be looked at', cause };
  }
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    return { words: 'can’t be executed', cause };
  }
  return undefined;
}
