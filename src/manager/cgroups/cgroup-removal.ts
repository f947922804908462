// Removing the cgroups that were made for one container's monitors. The kernel removes none with processes in it, so
// this harms nobody; and it fails nobody either: a cgroup that stays is a small loss.

import { readFileSync, statSync } from 'node:fs';
import { rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from '../files.ts';
import { readIfAny } from './cgroup-files.ts';
import { findHierarchies } from './cgroupfs.ts';

/** What has just ended may be counted for a moment more. */
const lookAgainMs = 10;
const looksMax = 20;

/** Removes cgroups, paths from the root of each hierarchy, the deepest first. A deletion that the monitor itself has
 * asked for, as its exit command, runs in the cgroup that it removes: `leaving`, such a monitor and its children, moves to
 * the next cgroup above. What anybody else is in stays. */
export async function removeCgroups(
  paths: readonly string[],
  leaving: () => readonly number[],
): Promise<void> {
  const last = paths.at(-1);
  if (last === undefined) return;
  for (const hierarchy of findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')))
    for (const path of paths)
      if (!(await remove(join(hierarchy.path, path), join(hierarchy.path, dirname(last)), leaving))) break;
}

/** False where it stays. */
async function remove(path: string, above: string, leaving: () => readonly number[]): Promise<boolean> {
  for (let looks = 0; looks < looksMax; looks++) {
    if (await rmdir(path).then(() => true, isMissing)) return true;
    const members = readMembers(path);
    const movable = leaving();
    if (hasChildren(path) || !members.every(pid => movable.includes(pid) || hasEnded(pid))) return false;
    for (const pid of members.filter(pid => movable.includes(pid)))
      await writeFile(join(above, 'cgroup.procs'), String(pid)).catch(() => {}); // ended
    await sleep(lookAgainMs);
  }
  return false;
}

function readMembers(path: string): number[] {
  return readIfAny(join(path, 'cgroup.procs'))
    .split('\n')
    .filter(line => line !== '')
    .map(Number);
}

/** A process that ends gives up its memory, and its arguments with it, before it leaves its cgroup. */
function hasEnded(pid: number): boolean {
  return readIfAny(`/proc/${pid}/cmdline`) === '';
}

/** Its files are many, its directories are cgroups. */
function hasChildren(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.nlink ?? 0) > linksOfLeaf;
}

/** Its own name, and its `.`; each child has a `..`. */
const linksOfLeaf = 2;
