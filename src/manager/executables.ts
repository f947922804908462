// Where programs are.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError } from './errors.ts';

/** The absolute path of an executable: a name is looked up in PATH, a path is taken relative to the working
 * directory of this moment, which may be another when it is run. */
export function findExecutable(file: string): string {
  if (file.includes('/')) return resolve(file);
  const found = (process.env['PATH'] ?? '').split(delimiter).map(directory => resolve(directory, file));
  const path = found.find(isExecutable);
  if (path === undefined) throw new ArgumentError(`${file} is not in PATH`);
  return path;
}

/** This package's monitor where it has been built, else the first one where Podman looks (its default of
 * `conmon_path`, containers/common pkg/config/default.go). */
export function findMonitor(): string {
  const own = fileURLToPath(new URL('../../dist/conmon', import.meta.url));
  const path = [own, ...monitorPlaces.map(directory => join(directory, 'conmon'))].find(isExecutable);
  return path ?? findExecutable('conmon');
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
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
