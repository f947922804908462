// Where a container's processes are in the cgroup file systems. Noted while its first process runs, so that the others
// are found when that is gone.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, listDescendants, type ProcessIdentity } from '../processes/processes.ts';
import { listCgroupProcesses, readIfAny } from './cgroup-files.ts';
import { findHierarchies, type Hierarchy } from './cgroupfs.ts';

/** One cgroup, for ever. */
export interface CgroupIdentity {
  /** Absolute path of its directory. */
  readonly path: string;
  /** Its inode number, in decimal digits: the kernel gives none twice. */
  readonly inode: string;
}

/** The cgroups that the container has to itself, at most one a hierarchy. Those of its runtime's making are; one that
 * this process, the monitor or anybody else is in, there or below, is not, and is left out. */
export function readCgroups(
  process: ProcessIdentity,
  monitor: ProcessIdentity | undefined,
): readonly CgroupIdentity[] {
  const found = listDirectories(process.pid).flatMap(path => {
    const inode = readInode(path);
    return inode === undefined ? [] : [{ path, inode }];
  });
  const shared = listDirectoriesOfOthers(monitor);
  const own = found.filter(({ path }) => !holdsAny(path, shared) && holdsOnly(path, process, monitor));
  return isRunning(process) ? own : [];
}

/** Paths of those among noted cgroups that are still there, and still the container's. */
export function findCgroups(
  cgroups: readonly CgroupIdentity[],
  monitor: ProcessIdentity | null | undefined,
): string[] {
  const shared = listDirectoriesOfOthers(monitor);
  const tops = readHierarchies().map(({ path }) => path);
  return cgroups
    .filter(({ path }) => tops.some(top => holdsAny(top, [path])))
    .filter(({ path, inode }) => readInode(path) === inode && !holdsAny(path, shared))
    .map(({ path }) => path);
}

/** Directories of the cgroups in the text of /proc/PID/cgroup (cgroups(7)), without the roots of hierarchies, and what
 * is outside of those that are seen from here. */
export function locateCgroups(text: string, hierarchies: readonly Hierarchy[]): string[] {
  return text.split('\n').flatMap(line => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.+)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined || path.split('/').includes('..')) return [];
    const hierarchy = hierarchies.find(({ version, options }) =>
      controllers === ''
        ? version === 2
        : version === 1 && controllers.split(',').every(name => options.includes(name)),
    );
    return hierarchy ? [join(hierarchy.path, path)] : [];
  });
}

function listDirectoriesOfOthers(monitor: ProcessIdentity | null | undefined): string[] {
  return [process.pid, ...(monitor && isRunning(monitor) ? [monitor.pid] : [])].flatMap(listDirectories);
}

function listDirectories(pid: number): string[] {
  return locateCgroups(readIfAny(`/proc/${pid}/cgroup`), readHierarchies());
}

function readHierarchies(): Hierarchy[] {
  return findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** True where one of the directories is this one or below it. */
function holdsAny(path: string, directories: readonly string[]): boolean {
  return directories.some(other => other === path || other.startsWith(`${path}/`));
}

function holdsOnly(path: string, process: ProcessIdentity, monitor: ProcessIdentity | undefined): boolean {
  const others = listCgroupProcesses(path).filter(pid => pid !== process.pid);
  if (others.length === 0) return true;
  // Orphans are the monitor's children.
  const known = new Set([process, monitor].flatMap(root => (root ? listDescendants(root.pid) : [])));
  return others.every(pid => known.has(pid));
}

function readInode(path: string): string | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}
