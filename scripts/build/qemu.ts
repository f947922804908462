// A qemu-user for tests: one that runs monitors of another architecture. Debian 12's refuses PR_SET_CHILD_SUBREAPER,
// without which a monitor ends; the machine's own is taken where it is new enough.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask, project, works } from './commands.ts';
import { downloadFromDebian } from './debian-package.ts';

/** The oldest that is known to work. */
const majorMin = 10;

/** Path or name of the emulator, for an architecture as qemu calls it. Throws where it is not to be had. */
export function findQemu(architecture: string): string {
  const kept = join(project, 'build/tools', `qemu-${architecture}`);
  const own = [`qemu-${architecture}-static`, `qemu-${architecture}`];
  const found = [kept, ...own].find(isNewEnough);
  if (found !== undefined) return found;
  mkdirSync(join(project, 'build/tools'), { recursive: true });
  const work = mkdtempSync(join(project, 'build/tools/.new-'));
  try {
    console.log('fetching qemu-user (debian: qemu-user)');
    downloadFromDebian({ name: 'qemu-user', signed: true }, work);
    const unpacked = join(work, 'usr/bin', `qemu-${architecture}`);
    if (!isNewEnough(unpacked)) throw new Error('the qemu-user of Debian does not run here');
    renameSync(unpacked, kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function isNewEnough(command: string): boolean {
  if (command.includes('/') && !existsSync(command)) return false;
  if (!works(command, ['--version'])) return false;
  const major = /version (\d+)\./.exec(ask(command, ['--version']))?.[1];
  return Number(major) >= majorMin;
}
