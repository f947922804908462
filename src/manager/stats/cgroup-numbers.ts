// The numbers in the files of a cgroup (the kernel's cgroup-v2.rst and cgroup-v1/*.rst). A file that is not there, or
// can't be read, has none: kernels and controllers differ, and a cgroup may be removed at any moment.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The directory among these that has a file of this name. */
export function findWith(directories: readonly string[], name: string): string | undefined {
  return directories.find(directory => existsSync(join(directory, name)));
}

/** The number that is all of a file. */
export function readNumber(directory: string, name: string): number | undefined {
  return parseNumber(readText(directory, name).trim());
}

/** The same of a limit; `undefined` for none, which is `max` in version 2, and the largest multiple of a page in
 * version 1. */
export function readLimit(directory: string, name: string): number | undefined {
  const limit = readNumber(directory, name);
  return limit !== undefined && Number.isSafeInteger(limit) ? limit : undefined;
}

/** The numbers of a file with a name and a number a line. */
export function readFields(directory: string, name: string): Map<string, number> {
  const fields = readLines(directory, name).map(line => line.split(' '));
  return new Map(
    fields.flatMap(([key, text]) => {
      const number = parseNumber(text ?? '');
      return key === undefined || number === undefined ? [] : [[key, number] as const];
    }),
  );
}

export function readLines(directory: string, name: string): string[] {
  return readText(directory, name).split('\n');
}

/** The number of digits alone. */
export function parseNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function readText(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch {
    return '';
  }
}
