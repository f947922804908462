// The store of exit codes. What a container's exit file says is kept here for a while once the container is deleted,
// so that who waits and who deletes can't race (Podman keeps its own for five minutes too).

import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listNames, readIfThere, timeIfThere, writeWhole } from '../files.ts';
import { bootId, type ProcessIdentity } from '../processes/processes.ts';
import type { ContainerExit } from '../types.ts';
import { type ContainerPaths, type Layout, layOutContainer, parseIncarnation } from './layout.ts';
import { isIdentity, recordVersion } from './records.ts';

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
  readonly version: number;
  readonly name: string;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly finishedAtMs: number | null;
  readonly monitor: ProcessIdentity | null;
  readonly storedAt: Moment;
}

/** A wall clock may be set; what counts is the time since the boot, while that lasts. */
interface Moment {
  readonly bootId: string;
  /** CLOCK_MONOTONIC. */
  readonly monotonicMs: number;
  readonly wallMs: number;
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
    version: recordVersion,
    name: exit.name,
    createdAtMs: exit.createdAt?.getTime() ?? null,
    startedAtMs: exit.startedAt?.getTime() ?? null,
    exitCode: exit.exitCode ?? null,
    oomKilled: exit.oomKilled,
    finishedAtMs: exit.finishedAt?.getTime() ?? null,
    monitor: exit.monitor ?? null,
    storedAt: now(),
  };
  await mkdir(dirname(paths.code), { recursive: true, mode: 0o700 });
  await writeWhole(paths.code, JSON.stringify(entry));
  await pruneExits(layout);
}

/** The kept exit of a deleted incarnation, unless there is none or it is too old. */
export function readStoredExit(paths: ContainerPaths): StoredExit | undefined {
  const entry = readEntry(paths.code);
  if (entry === undefined || isOld(entry.storedAt)) return undefined;
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

/** The incarnation that had this ID last, of those whose exits are kept. */
export function findStoredIncarnation(layout: Layout, id: string): ContainerPaths | undefined {
  const kept = listNames(layout.codes)
    .map(name => parseIncarnation(name.replace(/\.json$/, '')))
    .filter(parts => parts?.id === id)
    .map(parts => layOutContainer(layout, id, parts!.incarnation))
    .map(paths => ({ paths, storedAt: readEntry(paths.code)?.storedAt }))
    .filter(({ storedAt }) => storedAt !== undefined && !isOld(storedAt));
  kept.sort((one, other) => ageMs(one.storedAt!) - ageMs(other.storedAt!));
  return kept[0]?.paths;
}

/** Removes what is too old or can't be read, and halves of interrupted writes. */
export async function pruneExits(layout: Layout): Promise<void> {
  for (const name of listNames(layout.codes)) {
    const path = join(layout.codes, name);
    const entry = readEntry(path);
    if (entry ? isOld(entry.storedAt) : await isUnfinished(path))
      await rm(path, { recursive: true, force: true });
  }
}

/** A write takes a moment; one that was interrupted long ago, by whichever clock, is nobody's. */
async function isUnfinished(path: string): Promise<boolean> {
  const written = await stat(path).catch(() => undefined);
  return written !== undefined && Math.abs(Date.now() - written.mtimeMs) > exitCodeKeptMs;
}

function readEntry(path: string): Entry | undefined {
  try {
    const value: Entry | null = JSON.parse(readIfThere(path) ?? 'null');
    return value !== null && isEntry(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A store is no place for surprises: what is not as it was written counts as not there. */
function isEntry(entry: Entry): boolean {
  const { version, name, monitor, storedAt } = entry;
  const numbers = [entry.createdAtMs, entry.startedAtMs, entry.exitCode, entry.finishedAtMs];
  return (
    version === recordVersion &&
    typeof name === 'string' &&
    numbers.every(number => number === null || Number.isFinite(number)) &&
    typeof entry.oomKilled === 'boolean' &&
    (monitor === null || isIdentity(monitor)) &&
    Number.isFinite(storedAt?.monotonicMs) &&
    Number.isFinite(storedAt.wallMs)
  );
}

function now(): Moment {
  return { bootId: bootId(), monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now() };
}

function ageMs(moment: Moment): number {
  const { bootId: boot, monotonicMs, wallMs } = now();
  return moment.bootId === boot ? monotonicMs - moment.monotonicMs : Math.abs(wallMs - moment.wallMs);
}

function isOld(moment: Moment): boolean {
  return ageMs(moment) > exitCodeKeptMs;
}

function dateOf(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}
