// The programs of this machine that the suite is made of.

import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findIn } from '../../../src/manager/executables.ts';

export const podmanPath = findProgram('podman');
export const runcPath = findProgram('runc');
export const busyboxPath = findProgram('busybox');
export const socatPath = findProgram('socat');
/** What `podman run --init` puts before the command, where Podman looks for it. */
export const initPath = findIn(['/usr/libexec/podman', '/usr/bin'], 'catatonit');

/** Fills an empty directory with what a container needs: busybox under all its names, and mount points. */
export async function makeRootfs(directory: string): Promise<void> {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp']) await mkdir(join(directory, name));
  await copyFile(busyboxPath!, join(directory, 'bin/busybox'));
  const { stdout } = await execa(busyboxPath!, ['--list']);
  const applets = stdout.split('\n').filter(name => name !== 'busybox');
  await Promise.all(applets.map(name => symlink('busybox', join(directory, 'bin', name))));
}

function findProgram(name: string): string | undefined {
  return findIn(['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/usr/local/sbin'], name);
}
