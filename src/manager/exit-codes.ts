// The store of exit codes. What a container's exit file says is kept here for a while once the container is deleted,
// so that who waits and who deletes can't race (Podman keeps its own for five minutes too).

import { readdirSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, timeIfThere, writeWhole } from './files.ts';
import type { ContainerPaths, Layout } from './layout.ts';
import type { ProcessIdentity } from './processes.ts';
import type { ContainerExit } from './types.ts';

/** How long an exit code outlives its container: Podman's figure. */
export const exitCodeKeptMs = 5 * 60 * 1000;

/** What the store holds of one container. */
export interface StoredExit extends ContainerExit {
  readonly name: string;
  readonly createdAt: Date | undefined;
  /** `undefined` where it was never started. */
  readonly startedAt: Date | undefined;
  /** The monitor, where its exit command was not done yet. */
  readonly monitor: ProcessIdentity | undefined;
}

interface Entry {
  readonly name: string;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly finishedAtMs: number | null;
  readonly monitor: ProcessIdentity | null;
  readonly storedAtMs: number;
}

/** What the monitor has written about the end; `undefined` while there is no exit file. */
export function readExitFile(paths: ContainerPaths): ContainerExit | undefined {
  const text = readIfThere(paths.exitFile);
  if (text === undefined) return undefined;
  return {
    exitCode: parseExitCode(text),
    oomKilled: timeIfThere(paths.oomMarker) !== undefined,
    finishedAt: timeIfThere(paths.exitFile),
  };
}

/** The decimal number of an exit file (docs/behaviour/exit.md, E5); anything else is unknown, and never 0. */
export function parseExitCode(text: string): number | undefined {
  return /^-?\d{1,3}$/.test(text.trim()) ? Number(text) : undefined;
}

/** Keeps an exit; on return it survives a crash. Prunes on the way. */
export async function storeExit(layout: Layout, paths: ContainerPaths, exit: StoredExit): Promise<void> {
  const entry: Entry = {
    name: exit.name,
    createdAtMs: exit.createdAt?.getTime() ?? null,
    startedAtMs: exit.startedAt?.getTime() ?? null,
    exitCode: exit.exitCode ?? null,
    oomKilled: exit.oomKilled,
    finishedAtMs: exit.finishedAt?.getTime() ?? null,
    monitor: exit.monitor ?? null,
    storedAtMs: Date.now(),
  };
  await mkdir(layout.codes, { recursive: true, mode: 0o700 });
  await writeWhole(paths.code, JSON.stringify(entry));
  await pruneExits(layout);
}

/** The kept exit of a deleted container, unless there is none or it is too old. */
export function readStoredExit(paths: ContainerPaths): StoredExit | undefined {
  const text = readIfThere(paths.code);
  if (text === undefined) return undefined;
  const entry = JSON.parse(text) as Entry;
  if (Date.now() - entry.storedAtMs > exitCodeKeptMs) return undefined;
  return {
    name: entry.name,
    createdAt: dateOf(entry.createdAtMs),
    startedAt: dateOf(entry.startedAtMs),
    exitCode: entry.exitCode ?? undefined,
    oomKilled: entry.oomKilled,
    finishedAt: dateOf(entry.finishedAtMs),
    monitor: entry.monitor ?? undefined,
  };
}

function dateOf(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}

/** Removes what is too old, halves of interrupted writes too: by the time of the file, which is never before that
 * of the entry. */
export async function pruneExits(layout: Layout): Promise<void> {
  for (const name of readdirSync(layout.codes)) {
    const path = join(layout.codes, name);
    const written = await stat(path).catch(() => undefined);
    if (written && Date.now() - written.mtimeMs > exitCodeKeptMs) await rm(path, { force: true });
  }
}
