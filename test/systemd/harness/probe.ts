// Finds out whether a systemd can be run here at all: a failure is this machine's, not ours.

import { existsSync } from 'node:fs';
import { busyboxPath, podmanPath } from '../../podman/harness/machine.ts';
import { findCgroup2, Machine } from './machine.ts';

const programs = {
  '/lib/systemd/systemd': 'systemd',
  '/usr/bin/dbus-daemon': 'dbus-daemon (Debian: dbus)',
  '/usr/bin/unshare': 'unshare (Debian: util-linux)',
  '/usr/bin/crun': 'crun',
  '/usr/sbin/runc': 'runc',
};

/** What is missing for the systemd suite, in words that complete "needs …"; undefined when it can run. */
export async function probeSystemd(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'root';
  for (const [path, name] of Object.entries(programs)) if (!existsSync(path)) return name;
  if (podmanPath === undefined) return 'podman';
  if (busyboxPath === undefined) return 'a static busybox (Debian: busybox-static)';
  try {
    findCgroup2();
    const machine = await Machine.boot();
    await machine.close();
    return undefined;
  } catch (error) {
    return `namespaces and a cgroup2 of its own for a systemd (${error instanceof Error ? error.message : error})`;
  }
}
