// Small files that are there or not, and whole when they are.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** The text of a file, or `undefined` where there is none. A directory in its place has none: an empty one. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (errorCode(error) === 'EISDIR') return '';
    throw error;
  }
}

/** The names of what is in a directory; none where there is no such directory. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** When a file was last written, or `undefined` where there is none. */
export function timeIfThere(path: string): Date | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtime;
}

/** Writes by rename, so that nobody ever reads half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, { mode: 0o600 });
}

/** Makes a directory, and those above it, for this user alone. Node's own way never comes to an end where the kernel
 * says ENOENT of a directory that is there, as /proc does. */
export function makeDirectories(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeDirectories(dirname(path));
    makeDirectories(path);
  }
}

/** Removes a directory and what is in it. It loses its name first, so that nobody puts more into it meanwhile. */
export async function removeTree(path: string): Promise<void> {
  const nameless = join(dirname(path), `.old.${process.pid}.${randomBytes(8).toString('hex')}`);
  try {
    await rename(path, nameless);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  // Who had a directory open before may still make a file in it.
  await rm(nameless, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
}

/** True where an error says that a file or a directory on the way to it is not there. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The errno name of a Node error, for example `'EEXIST'`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
