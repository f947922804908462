// Moving monitors by way of the cgroup file system, versions 1 and 2.

import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ArgumentError } from '../errors.ts';
import { errorCode } from '../files.ts';
import type { PlacedProcess, Placement } from '../types.ts';

/** Where monitors go. */
export interface CgroupfsOptions {
  /** Path of the cgroup from the root of each hierarchy, for example `'/conmon/{id}'`; made where it is missing. `{id}`
   * in it stands for the container's ID: what is named after that is removed with the container. */
  readonly path: string;
  /** Mounts of the hierarchies; default: all that this process sees. */
  readonly mountInfo?: string;
}

/** A {@link Placement} that moves monitors to a cgroup: in every version 1 hierarchy, and in version 2's. The
 * container's own cgroup is the runtime's business, and below this one only where `cgroupsPath` of its bundle is
 * relative. */
export function cgroupfs(options: CgroupfsOptions): Placement {
  if (!options.path.startsWith('/') || options.path.split('/').includes('..'))
    throw new ArgumentError(`${options.path} is no path of a cgroup: it starts with / and has no ..`);
  const place = async ({ pid, id, signal }: PlacedProcess) => {
    const path = options.path.replaceAll('{id}', id);
    const mounts = findHierarchies(options.mountInfo ?? readFileSync('/proc/self/mountinfo', 'utf8'));
    if (mounts.length === 0) throw new ArgumentError('no cgroup file system is mounted');
    for (const mount of mounts) {
      signal.throwIfAborted();
      await enter(mount, join(mount.path, path), pid);
    }
  };
  return Object.assign(place, { cgroupsOf: (id: string) => listOwnCgroups(options.path, id) });
}

/** The cgroup and those above it that are named after the container, the deepest first. */
function listOwnCgroups(template: string, id: string): string[] {
  const names = template.split('/');
  const first = names.findIndex(name => name.includes('{id}'));
  if (first < 0) return [];
  const paths = names.map((_, index) =>
    names
      .slice(0, index + 1)
      .join('/')
      .replaceAll('{id}', id),
  );
  return paths.slice(first).reverse();
}

/** One mounted hierarchy. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** What it was mounted with: in version 1, its controllers are among them. */
  readonly options: readonly string[];
}

/** The cgroup mounts in the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)), the whole hierarchies only. */
export function findHierarchies(mountInfo: string): Hierarchy[] {
  return mountInfo.split('\n').flatMap(line => {
    const [before, after] = line.split(' - ');
    const [, , , root, path] = before?.split(' ') ?? [];
    const [type, , options] = after?.split(' ') ?? [];
    if (!path || root !== '/' || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    const version = type === 'cgroup2' ? 2 : 1;
    return [{ path: unescapeOctal(path), version, options: (options ?? '').split(',') } as const];
  });
}

/** A cgroup that nobody is in yet may be removed by whoever deletes the container, or ends a command in it. */
const attemptsMax = 10;

async function enter(hierarchy: Hierarchy, path: string, pid: number, attempts = 1): Promise<void> {
  await mkdir(path, { recursive: true });
  // A new cgroup there takes no process before it has CPUs and nodes.
  if (hierarchy.options.includes('cpuset')) await inheritCpuset(hierarchy.path, path);
  try {
    await writeFile(join(path, 'cgroup.procs'), String(pid), { flag: 'r+' });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && attempts < attemptsMax) return enter(hierarchy, path, pid, attempts + 1);
    // The launcher has ended: what it has to say matters more.
    if (code !== 'ESRCH') throw error;
  }
}

/** Fills in the CPUs and memory nodes that a new version 1 cgroup lacks, from the top down. */
async function inheritCpuset(top: string, path: string): Promise<void> {
  if (path === top || !path.startsWith(`${top}/`)) return;
  await inheritCpuset(top, dirname(path));
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    if ((await readFile(join(path, name), 'utf8')).trim() !== '') continue;
    await writeFile(join(path, name), await readFile(join(dirname(path), name), 'utf8'));
  }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
