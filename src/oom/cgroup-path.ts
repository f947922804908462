// Where the memory controller of a process is, from /proc/PID/cgroup. Pure.

/** A directory of the cgroup file system; version 2 is the unified hierarchy. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/** Where systemd and everybody after it mount cgroup file systems. */
export const cgroupRoot = '/sys/fs/cgroup';

/**
 * Finds the process's memory cgroup in the content of /proc/PID/cgroup, whose lines are `ID:CONTROLLERS:PATH`.
 * A version 1 hierarchy with the memory controller wins: where there is one, version 2 does not have it. Lines
 * that are none are passed over.
 *
 * Undefined where there is none, where the process has been moved to the root (as a dead one is on version 1), and
 * for a path that leads out of the mounted tree (`/..`, seen from inside a cgroup namespace).
 */
export function findMemoryCgroup(content: string, root: string = cgroupRoot): MemoryCgroup | undefined {
  const entries = content
    .split('\n')
    .map(parseLine)
    .filter(entry => entry !== undefined);
  const v1 = entries.find(({ controllers }) => controllers.split(',').includes('memory'));
  if (v1) return placeCgroup(1, `${root}/${v1.controllers}`, v1.path);
  const v2 = entries.find(({ id, controllers }) => id === '0' && controllers === '');
  return v2 && placeCgroup(2, root, v2.path);
}

interface Entry {
  readonly id: string;
  readonly controllers: string;
  readonly path: string;
}

function parseLine(line: string): Entry | undefined {
  const match = /^(\d+):([\w=,.-]*):(\/.*)$/.exec(line);
  return match ? { id: match[1]!, controllers: match[2]!, path: match[3]! } : undefined;
}

function placeCgroup(version: 1 | 2, mount: string, path: string): MemoryCgroup | undefined {
  if (path === '/' || path.split('/').includes('..')) return undefined;
  return { version, path: mount + path };
}
