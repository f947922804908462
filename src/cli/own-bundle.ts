// The bundle that a container of conmonctl runs from: a config.json of its own, made from that of the bundle given,
// which is only read. So one bundle can have many containers, may lie on a read-only disk, and its command can be
// another one.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { asRecord, type Json } from '../manager/oci/bundle.ts';
import { type CgroupPlace, giveCgroup } from './own-cgroup.ts';

/** What is to be other than in the bundle; what is undefined stays. */
export interface BundleChanges {
  readonly args?: readonly string[] | undefined;
  readonly terminal?: boolean | undefined;
  /** `NAME=value`; each replaces that of its name. */
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** True where the bundle asks for a terminal. */
export function wantsTerminal(config: Json): boolean {
  return asRecord(config['process'])['terminal'] === true;
}

/** The configuration with the changes, and with its relative paths, which are the given bundle's, made absolute. */
export function changeConfig(config: Json, bundle: string, changes: BundleChanges): Json {
  const root = asRecord(config['root']);
  const process = asRecord(config['process']);
  const { args, terminal, env, cwd, user } = changes;
  const changed = {
    ...process,
    ...(args === undefined ? {} : { args }),
    ...(terminal === undefined ? {} : { terminal }),
    ...(env === undefined ? {} : { env: mergeEnv(process['env'], env) }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user: { ...asRecord(process['user']), ...user } }),
  };
  const mounts = Array.isArray(config['mounts'])
    ? config['mounts'].map(mount => fixMount(asRecord(mount), bundle))
    : undefined;
  return {
    ...config,
    process: changed,
    ...(config['root'] === undefined
      ? {}
      : { root: { ...root, path: resolve(bundle, String(root['path'])) } }),
    ...(mounts === undefined ? {} : { mounts }),
  };
}

/** Writes a bundle below the directory of state, with a cgroup that has the bundle's name, which nobody else has; returns
 * its path. */
export function makeOwnBundle(root: string, id: string, config: Json, place: CgroupPlace): string {
  mkdirSync(join(root, 'bundles'), { recursive: true, mode: 0o700 });
  const bundle = mkdtempSync(join(root, 'bundles', `${id}-`));
  const own = giveCgroup(config, basename(bundle), place);
  writeFileSync(join(bundle, 'config.json'), `${JSON.stringify(own, null, 2)}\n`, { mode: 0o600 });
  return bundle;
}

/** Removes a bundle if it is one of ours. */
export function removeOwnBundle(root: string, bundle: string | undefined): void {
  if (bundle !== undefined && dirname(bundle) === join(root, 'bundles'))
    rmSync(bundle, { recursive: true, force: true });
}

/** Nothing takes this long to be created. */
const orphanKeptMs = 60 * 60 * 1000;

/** Removes bundles of ours that no container uses: those of command lines that were killed half-way. */
export function pruneOwnBundles(root: string, used: readonly (string | undefined)[]): void {
  const directory = join(root, 'bundles');
  for (const name of readNames(directory)) {
    const bundle = join(directory, name);
    const made = statSync(bundle, { throwIfNoEntry: false });
    if (!used.includes(bundle) && made && Date.now() - made.mtimeMs > orphanKeptMs)
      removeOwnBundle(root, bundle);
  }
}

/** Sources of bind mounts are relative to the bundle (OCI runtime specification, mounts). */
function fixMount(mount: Json, bundle: string): Json {
  const options: readonly unknown[] = Array.isArray(mount['options']) ? mount['options'] : [];
  const isBind = mount['type'] === 'bind' || options.includes('bind') || options.includes('rbind');
  const { source } = mount;
  return isBind && typeof source === 'string' && !isAbsolute(source)
    ? { ...mount, source: resolve(bundle, source) }
    : mount;
}

function mergeEnv(old: unknown, added: readonly string[]): string[] {
  const all = [...(Array.isArray(old) ? old.map(String) : []), ...added];
  return [...new Map(all.map(entry => [entry.split('=', 1)[0], entry])).values()];
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no container has been created yet
  }
}
