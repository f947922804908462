// An ID names one container after the other; an incarnation is one of them. The link `containers/ID` says which one
// has the ID. Only who deletes that incarnation takes the link away, so that what an incarnation's directory says of
// its phase holds for the ID too.

import { randomBytes } from 'node:crypto';
import { readlinkSync, symlinkSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RecordError } from '../errors.ts';
import { errorCode, isMissing, removeTree } from '../files.ts';
import {
  type ContainerPaths,
  formatIncarnation,
  type Layout,
  layOutContainer,
  parseIncarnation,
} from './layout.ts';
import { formatIdentity, formatPhase, ownIdentity, ownPhase } from './phase.ts';
import { type ConfigRecord, writeRecord } from './records.ts';

/** A new name for a container that is going to be created. */
export function makeIncarnation(): string {
  return randomBytes(8).toString('hex');
}

/** Makes the directory of a container that this process is going to create, whole at once. Nobody has its ID yet. */
export async function makeDirectory(paths: ContainerPaths, config: ConfigRecord): Promise<void> {
  const incarnations = dirname(paths.dir);
  await mkdir(incarnations, { recursive: true, mode: 0o700 });
  const draft = join(incarnations, `.draft.${formatIdentity(ownIdentity())}.${paths.incarnation}`);
  const inDraft = (path: string) => join(draft, path.slice(paths.dir.length));
  try {
    for (const path of [paths.dir, paths.phase, paths.uses, paths.exitDir, paths.persistDir])
      await mkdir(inDraft(path), { mode: 0o700 });
    await writeRecord(inDraft(paths.config), config);
    await writeFile(inDraft(join(paths.phase, formatPhase(ownPhase('creating')))), '', { mode: 0o600 });
    await rename(draft, paths.dir);
  } catch (error) {
    await removeTree(draft);
    throw error;
  }
}

/** Gives an ID to an incarnation, at once; false where another has it. */
export function takeId(paths: ContainerPaths): boolean {
  try {
    symlinkSync(targetOf(paths), paths.link);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The incarnation that has an ID now. Throws {@link RecordError} where what has its name is none of ours. */
export function readIncarnation(layout: Layout, id: string): ContainerPaths | undefined {
  const link = join(layout.containers, id);
  try {
    const target = readlinkSync(link);
    const parts = parseIncarnation(basename(target));
    const paths = parts && layOutContainer(layout, parts.id, parts.incarnation);
    if (paths?.id === id && target === targetOf(paths)) return paths;
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (errorCode(error) !== 'EINVAL') throw error;
  }
  throw new RecordError(`container ${id}: ${link} was not made by conmon-ts`);
}

/** True while an incarnation has its ID. */
export function hasId(layout: Layout, paths: ContainerPaths): boolean {
  return readIncarnation(layout, paths.id)?.incarnation === paths.incarnation;
}

function targetOf({ id, incarnation, dir }: ContainerPaths): string {
  return join('..', basename(dirname(dir)), formatIncarnation(id, incarnation));
}
