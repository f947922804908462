// A cgroup for each container of conmonctl. Runtimes name one by the container's ID alone where the bundle names none, so
// that containers of one ID in two directories of state would be in one cgroup: frozen, limited and counted together.

import { readFileSync } from 'node:fs';
import { asRecord, type Json } from '../manager/oci/bundle.ts';

/** What decides about a cgroup's name. */
export interface CgroupPlace {
  /** True where the runtime has systemd make it. */
  readonly systemd: boolean;
  readonly uid: number;
  /** False in a user namespace. There, and for users, a runtime does without a cgroup that it may not make, but fails if
   * it has been asked for (runc, fs.Manager.Apply). */
  readonly initialUserNamespace: boolean;
}

/** The configuration with a cgroup of this name. One that the bundle names stays, as does a configuration that is not for
 * Linux. */
export function giveCgroup(config: Json, name: string, place: CgroupPlace): Json {
  const { linux } = config;
  if (linux === undefined || asRecord(linux)['cgroupsPath']) return config;
  const cgroupsPath = formatCgroup(name, place);
  return cgroupsPath === undefined ? config : { ...config, linux: { ...asRecord(linux), cgroupsPath } };
}

/** Beside or below the runtime's own cgroup, which is where it goes without a name too. */
function formatCgroup(name: string, { systemd, uid, initialUserNamespace }: CgroupPlace): string | undefined {
  // Slice, prefix and name; the first is runc's default. A unit's name has no +.
  if (systemd)
    return `${uid === 0 ? 'system.slice' : 'user.slice'}:conmonctl:${name.replaceAll('+', '\\x2b')}`;
  return uid === 0 && initialUserNamespace ? name : undefined;
}

/** What is so for this process, and a runtime with these arguments. */
export function findCgroupPlace(runtimeArgs: readonly string[]): CgroupPlace {
  const systemd = runtimeArgs.some(word =>
    /^--systemd-cgroup(=true)?$|^--cgroup-manager=systemd$/.test(word),
  );
  return { systemd, uid: process.getuid?.() ?? 0, initialUserNamespace: ownsAllUsers() };
}

/** user_namespaces(7): the first namespace maps every ID to itself. */
function ownsAllUsers(): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  } catch {
    return true; // a kernel without user namespaces
  }
}
