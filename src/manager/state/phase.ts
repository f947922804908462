// What an incarnation is in: the name of the one file in its directory `phase`. Whoever takes it to another phase
// renames that file, so that of several who try, in any number of processes, one succeeds.

import { readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../files.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../processes/processes.ts';
import type { ContainerPaths } from './layout.ts';

/** `creating` and `deleting` are somebody's work; without an owner it was broken off. */
export type Phase =
  | { readonly name: 'creating'; readonly owner: ProcessIdentity }
  | { readonly name: 'created'; readonly owner: undefined }
  | { readonly name: 'deleting'; readonly owner: ProcessIdentity | undefined };

/** The phase; `undefined` where the incarnation is gone, or has none that can be read. */
export function readPhase(paths: ContainerPaths): Phase | undefined {
  try {
    // A rename while the directory is read may show a file under both of its names.
    for (let look = 0; look < looksMax; look++) {
      const files = readdirSync(paths.phase);
      if (files.length === 1) return parsePhase(files[0]!);
    }
    return undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const looksMax = 100;

/** Takes an incarnation from one phase to another; false where somebody else was faster. */
export async function movePhase(paths: ContainerPaths, from: Phase, to: Phase): Promise<boolean> {
  try {
    await rename(join(paths.phase, formatPhase(from)), join(paths.phase, formatPhase(to)));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** True where nobody is at work any more who could finish what the phase says. */
export function isAbandoned({ owner }: Phase): boolean {
  return owner === undefined || !isRunning(owner);
}

/** The phase `creating` or `deleting` of this process. */
export function ownPhase<Name extends 'creating' | 'deleting'>(name: Name) {
  return { name, owner: ownIdentity() };
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const own = identifyProcess(process.pid);
  if (own === undefined) throw new Error('/proc does not show this process');
  return own;
}

/** The name of a phase's file. */
export function formatPhase({ name, owner }: Phase): string {
  return owner === undefined ? name : `${name}.${formatIdentity(owner)}`;
}

export function formatIdentity({ pid, startTicks, bootId }: ProcessIdentity): string {
  return `${pid}.${startTicks}.${bootId}`;
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(\d+)\.(\d+)\.([0-9a-f-]+)$/.exec(text);
  return match ? { pid: Number(match[1]), startTicks: match[2]!, bootId: match[3]! } : undefined;
}

function parsePhase(file: string): Phase | undefined {
  if (file === 'created') return { name: file, owner: undefined };
  if (file === 'deleting') return { name: file, owner: undefined };
  const [name, ...rest] = file.split('.');
  const owner = parseIdentity(rest.join('.'));
  if (owner === undefined || (name !== 'creating' && name !== 'deleting')) return undefined;
  return { name, owner };
}
