// The files of one cgroup and of those below it, in hierarchies of version 1 and 2. A cgroup may be removed, or refuse,
// at any moment: what is not there holds no processes and takes no orders.

import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A hundred looks are enough for processes that can be frozen. */
const freezeLooksMax = 100;
const freezePauseMs = 5;

/** IDs of the processes in it and below it, without those that this process can't see. */
export function listCgroupProcesses(path: string): number[] {
  return listTree(path).flatMap(directory =>
    readIfAny(join(directory, 'cgroup.procs'))
      .split('\n')
      .map(Number)
      .filter(pid => pid > 0),
  );
}

/** Has the kernel kill all processes in it and below it. False where it can't: before Linux 5.14, and in version 1. */
export function killByKernel(path: string): boolean {
  return write(join(path, 'cgroup.kill'), '1');
}

/** Freezes it with all below it; resolves when it is frozen, or will not be. */
export async function freezeCgroup(path: string): Promise<void> {
  for (let looks = 0; looks < freezeLooksMax; looks++) {
    // Version 1 has to be told again where processes were forked meanwhile.
    const told = write(join(path, 'freezer.state'), 'FROZEN') || write(join(path, 'cgroup.freeze'), '1');
    if (!told || isFrozen(path)) return;
    await sleep(freezePauseMs);
  }
}

/** Thaws it with all below it. What a frozen process is sent, it acts on then. */
export function thawCgroup(path: string): void {
  for (const directory of listTree(path)) {
    write(join(directory, 'freezer.state'), 'THAWED');
    write(join(directory, 'cgroup.freeze'), '0');
  }
}

function isFrozen(path: string): boolean {
  return (
    readIfAny(join(path, 'freezer.state')).trim() === 'FROZEN' ||
    readIfAny(join(path, 'cgroup.events')).split('\n').includes('frozen 1')
  );
}

function listTree(path: string): string[] {
  const found = [path];
  for (const directory of found) found.push(...listChildren(directory));
  return found;
}

function listChildren(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => join(path, name));
  } catch {
    return [];
  }
}

/** The text of a file; '' where it can't be read. */
export function readIfAny(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** False where there is no such file, or the kernel refuses. Makes none. */
function write(path: string, text: string): boolean {
  try {
    const fd = openSync(path, constants.O_WRONLY);
    try {
      return writeSync(fd, text) > 0;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
