// What is written down about a container, and read back by any process that uses the same root.

import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExistsError } from './errors.ts';
import { errorCode, readIfThere, writeWhole } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import type { ProcessIdentity } from './processes.ts';
import type { ContainerStatus } from './types.ts';

/** What was asked for: config.json in the container's directory. */
export interface ConfigRecord {
  readonly id: string;
  readonly name: string;
  readonly bundle: string;
  readonly terminal: boolean;
  readonly logPath: string | null;
  readonly stopSignal: string | number;
  /** True where the container has a PID namespace of its own, which ends with its first process. */
  readonly ownPidNamespace: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Who creates it; while that process runs, the creation is its business. */
  readonly creator: ProcessIdentity;
}

/** The processes: created.json. An entry is null where that process had ended before it could be looked at. */
export interface CreatedRecord {
  readonly pid: number;
  readonly process: ProcessIdentity | null;
  readonly monitor: ProcessIdentity | null;
}

/** What was known when the deletion began: deleting. */
export interface DeletingRecord {
  readonly status: ContainerStatus;
}

/** Takes the ID and writes down what was asked for, in one rename. Rejects with {@link ExistsError}. */
export async function claim(paths: ContainerPaths, config: ConfigRecord): Promise<void> {
  const containers = join(paths.dir, '..');
  await mkdir(containers, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(containers, `.new-`));
  try {
    await writeWhole(join(draft, 'config.json'), JSON.stringify(config));
    await rename(draft, paths.dir);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const code = errorCode(error);
    throw code === 'ENOTEMPTY' || code === 'EEXIST' ? new ExistsError(config.id, { cause: error }) : error;
  }
}

/** Gives the ID back: the directory is gone at once, its contents soon after. */
export async function release(paths: ContainerPaths): Promise<void> {
  const containers = join(paths.dir, '..');
  const trash = await mkdtemp(join(containers, '.old-'));
  try {
    await rename(paths.dir, join(trash, 'container'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  } finally {
    await rm(trash, { recursive: true, force: true });
  }
}

export function readConfig(paths: ContainerPaths): ConfigRecord | undefined {
  return readRecord<ConfigRecord>(paths.config);
}

export function readCreated(paths: ContainerPaths): CreatedRecord | undefined {
  return readRecord<CreatedRecord>(paths.created);
}

export function readDeleting(paths: ContainerPaths): DeletingRecord | undefined {
  return readRecord<DeletingRecord>(paths.deleting);
}

/** Writes one of the records. */
export async function writeRecord(path: string, record: CreatedRecord | DeletingRecord): Promise<void> {
  await writeWhole(path, JSON.stringify(record));
}

/** The manager's own files, whole by construction: what does not parse is an error. */
function readRecord<Record>(path: string): Record | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : (JSON.parse(text) as Record);
}
