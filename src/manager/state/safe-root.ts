// Whether a directory of state can be trusted. What is written there names files to remove and processes to kill, and
// monitors and runtimes get its paths: so nobody else may be able to write in it, nor to put another in its place.

import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ArgumentError } from '../errors.ts';
import { makeDirectories } from '../files.ts';

/** Throws {@link ArgumentError} where somebody but this user and root can change the directory `root`, what is in it, or
 * a directory on the way to it. False where it is not there yet. */
export function requireSafeRoot(root: string): boolean {
  requireSafeWay(dirname(root), 0);
  const stat = lstatIfThere(root);
  if (stat === undefined) return false;
  const own = process.geteuid?.() ?? 0;
  requireOwn(root, stat, own);
  if (!stat.isDirectory()) throw refusal(root, 'it is no directory');
  for (const path of readdirSync(root).map(name => join(root, name))) {
    const entry = lstatIfThere(path);
    if (entry !== undefined) requireOwn(path, entry, own);
  }
  return true;
}

/** Makes it where it is not there yet, and it is safe then. Throws as {@link requireSafeRoot}. */
export function makeSafeRoot(root: string): void {
  makeDirectories(root);
  // Looked at after that: somebody else may have been faster.
  requireSafeRoot(root);
}

function requireOwn(path: string, stat: Stats, own: number): void {
  if (stat.isSymbolicLink()) throw refusal(path, 'it is a symbolic link');
  if (stat.uid !== own) throw refusal(path, `it is owned by user ${stat.uid} and not by ${own}`);
  if ((stat.mode & othersWrite) !== 0) throw refusal(path, `its mode is ${formatMode(stat)}`);
}

/** As many as Linux follows (path_resolution(7)). */
const linksMax = 40;

function requireSafeWay(path: string, links: number): void {
  if (dirname(path) !== path) requireSafeWay(dirname(path), links);
  const stat = lstatIfThere(path);
  if (stat === undefined) return;
  if (!isTrusted(stat.uid)) throw refusal(path, `it is owned by user ${stat.uid}`);
  if (stat.isSymbolicLink()) {
    if (links >= linksMax) throw refusal(path, 'it leads nowhere');
    requireSafeWay(resolve(dirname(path), readlinkSync(path)), links + 1);
    return;
  }
  if (!stat.isDirectory()) throw refusal(path, 'it is no directory');
  // Where a directory is sticky, as /tmp, an entry can be renamed by its owner only.
  const sticky = (stat.mode & stickyBit) !== 0;
  const mask = ownGroups().has(stat.gid) ? othersWrite & ~groupWrite : othersWrite;
  if (!sticky && (stat.mode & mask) !== 0) throw refusal(path, `its mode is ${formatMode(stat)}`);
}

const othersWrite = 0o022;
const groupWrite = 0o020;
const stickyBit = 0o1000;

/** Many systems give each user a group of his own, and let that write in his home. */
function ownGroups(): ReadonlySet<number | undefined> {
  return new Set([0, process.getegid?.()]);
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.() || (uid === overflowUid() && !seesAllUsers());
}

/** In a user namespace, as `podman unshare` makes one, the system's own directories belong to nobody. */
function seesAllUsers(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

function overflowUid(): number {
  return Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
}

function lstatIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function formatMode({ mode }: Stats): string {
  return `0${(mode & 0o7777).toString(8)}, so that others can write there`;
}

function refusal(path: string, reason: string): ArgumentError {
  return new ArgumentError(`the directory of state is not safe: ${path}: ${reason}`);
}
