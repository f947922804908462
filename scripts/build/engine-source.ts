// The engine's source: got from a registry of packages, checked by a hash, and nothing of the package run. Which
// versions there are stands in src/engine/engines.json, in the order in which they are tried.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ask, project } from './commands.ts';
import { downloadFromDebian } from './debian-package.ts';

interface Engine {
  readonly name: string;
  readonly version: string;
  /** What is ours for it: src/engine/FOLDER. */
  readonly folder: string;
  readonly registry: 'debian' | 'npm';
  readonly package: string;
  readonly packageVersion: string;
  /** Where the sources are in the package. */
  readonly inside: string;
  readonly sources: readonly string[];
  readonly headers: readonly string[];
  /** Of all sources and headers; see {@link hashOf}. */
  readonly sha256: string;
}

export interface EngineSource {
  readonly engine: Engine;
  /** Where its files are. */
  readonly path: string;
  /** For people: name, version and origin. */
  readonly label: string;
  /** Whether its files are those that we know: then no other one in its folder is compiled. */
  readonly isChecked: boolean;
}

const engines: readonly Engine[] = JSON.parse(readFileSync(join(project, 'src/engine/engines.json'), 'utf8'));

/** `wanted` is a version in engines.json or a folder with an engine's sources; without one, the first that is to be
 * had. */
export function findEngine(wanted: string | undefined): EngineSource {
  if (wanted !== undefined && existsSync(join(wanted, 'quickjs.c'))) return lookAt(resolve(wanted));
  const candidates = engines.filter(engine => wanted === undefined || engine.version === wanted);
  if (candidates.length === 0)
    throw new Error(
      `--engine ${wanted} is no folder with a quickjs.c, and no version of ${engines.map(engine => engine.version).join(' or ')}`,
    );
  const reasons: string[] = [];
  for (const engine of candidates) {
    try {
      const path = obtain(engine);
      return {
        engine,
        path,
        label: `${engine.name} ${engine.version} (${engine.registry}: ${engine.package})`,
        isChecked: true,
      };
    } catch (error) {
      if (error instanceof WrongSource) throw error; // somebody has changed it: no reason to take another one
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      reasons.push(`${engine.name} ${engine.version} is not to be had: ${reason}`);
      console.log(reasons.at(-1));
    }
  }
  throw new Error(
    ['No engine. With its sources in a folder: npm run build -- --engine FOLDER', ...reasons].join('\n'),
  );
}

/** Somebody's own sources: of the kind that has the same files, and not checked. */
function lookAt(path: string): EngineSource {
  const engine = engines.find(({ sources }) => sources.every(name => existsSync(join(path, name))));
  if (engine === undefined)
    throw new Error(
      `${path} has neither the files of ${engines.map(({ name, version }) => `${name} ${version}`).join(' nor of ')}`,
    );
  return { engine, path, label: `${engine.name} from ${path}, not checked`, isChecked: false };
}

function obtain(engine: Engine): string {
  const path = join(project, 'build/engines', `${engine.folder}-${engine.version}`);
  if (existsSync(path)) {
    check(engine, path);
    return path;
  }
  mkdirSync(join(project, 'build/engines'), { recursive: true });
  const work = mkdtempSync(join(project, 'build/engines/.new-'));
  try {
    console.log(`fetching ${engine.name} ${engine.version} (${engine.registry}: ${engine.package})`);
    if (engine.registry === 'debian') fetchFromDebian(engine, work);
    else fetchFromNpm(engine, work);
    const unpacked = join(work, engine.inside);
    check(engine, unpacked);
    try {
      renameSync(unpacked, path);
    } catch (error) {
      if (!existsSync(path)) throw error; // else another build has got the same
      check(engine, path);
    }
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function check(engine: Engine, path: string): void {
  const hash = hashOf(engine, path);
  if (hash !== engine.sha256)
    throw new WrongSource(
      `the sources of ${engine.package} in ${path} have the hash ${hash}, not ${engine.sha256}`,
    );
}

/** The package is there, and is not the one that engines.json means. */
class WrongSource extends Error {}

/** Of each file its name, its length and its bytes. */
function hashOf(engine: Engine, path: string): string {
  const hash = createHash('sha256');
  for (const name of [...engine.sources, ...engine.headers].sort()) {
    const content = readFileSync(join(path, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Who signed it does not matter: the hash says what we want. */
function fetchFromDebian(engine: Engine, work: string): void {
  downloadFromDebian({ name: engine.package, version: engine.packageVersion, signed: false }, work);
}

function fetchFromNpm(engine: Engine, work: string): void {
  ask('npm', [
    'pack',
    '--silent',
    '--ignore-scripts',
    `${engine.package}@${engine.packageVersion}`,
    '--pack-destination',
    work,
  ]);
  const archive = gunzipSync(readFileSync(only(work, '*.tgz')));
  execFileSync('tar', ['-x', '-C', work], { input: archive, stdio: ['pipe', 'ignore', 'inherit'] });
}

function only(folder: string, pattern: string): string {
  const [found, ...more] = globSync(pattern, { cwd: folder });
  if (found === undefined || more.length > 0) throw new Error(`not one ${pattern} came`);
  return join(folder, found);
}
