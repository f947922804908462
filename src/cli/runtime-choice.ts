// Which OCI runtime a directory of state is for. The first container that is created there decides, and it is
// written down, so that later command lines need not name it again.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../manager/executables.ts';
import type { Globals } from './globals.ts';

/** A runtime, and the arguments before its subcommand. */
export interface RuntimeChoice {
  /** Absolute path, or a name that was not found. */
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
}

const runtimeNames = ['runc', 'crun', 'youki'];

/** Where runtimes are, also where PATH is that of an ordinary user. */
const moreDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The runtime that is named, else that of the directory of state, else the first one that is there. */
export function chooseRuntime(globals: Globals): RuntimeChoice {
  const kept = readChoice(globals.root);
  if (globals.runtime !== undefined || globals.runtimeArgs !== undefined) {
    const { runtime } = globals;
    return {
      runtime:
        runtime === undefined
          ? (kept?.runtime ?? defaultRuntime())
          : (locate(runtime, moreDirectories) ?? runtime),
      runtimeArgs: globals.runtimeArgs ?? kept?.runtimeArgs ?? [],
    };
  }
  return kept ?? { runtime: defaultRuntime(), runtimeArgs: [] };
}

/** What the directory of state is for; `undefined` while that is open. */
export function readChoice(root: string): RuntimeChoice | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(root), 'utf8')) as RuntimeChoice;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the choice down unless there is one. Returns the one that holds: of two who do this at once, one's. */
export function keepChoice(root: string, choice: RuntimeChoice): RuntimeChoice {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const draft = `${fileIn(root)}.${process.pid}`;
  const { runtime, runtimeArgs } = choice;
  writeFileSync(draft, `${JSON.stringify({ runtime, runtimeArgs })}\n`, { mode: 0o600 });
  try {
    linkSync(draft, fileIn(root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readChoice(root) ?? choice;
}

/** Forgets it: another runtime may be used then. */
export function forgetChoice(root: string): void {
  rmSync(fileIn(root), { force: true });
}

function defaultRuntime(): string {
  return (
    runtimeNames.map(name => locate(name, moreDirectories)).find(path => path !== undefined) ??
    runtimeNames[0]!
  );
}

function fileIn(root: string): string {
  return join(root, 'conmonctl.json');
}
