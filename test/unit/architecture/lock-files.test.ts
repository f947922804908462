// The lock files are whole: `npm ci` refuses one that lacks a package, and npm itself writes such files where it knows
// only the packages of the machine that it runs on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const project = join(import.meta.dirname, '../../..');

interface LockedPackage {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
/** By its place, such as `node_modules/a/node_modules/b`; the project itself is at ''. */
type LockedPackages = Readonly<Record<string, LockedPackage>>;

for (const file of ['package-lock.json', 'docs/api/package-lock.json'])
  describe(file, () => {
    const packages = readPackages(file);

    it('has an entry for every package that one of its packages asks for, of all platforms', () => {
      assert.deepEqual(findMissing(packages), []);
      assert.ok(Object.keys(packages).length > 10);
    });

    it('has the hash of every package, and names no place to get it from', () => {
      const installed = Object.entries(packages).filter(([place]) => place !== '');
      assert.deepEqual(
        installed.filter(([, { integrity, resolved }]) => integrity === undefined || resolved !== undefined),
        [],
      );
    });

    it('asks for what package.json asks for', () => {
      const asked: unknown = JSON.parse(readFileSync(join(project, file.replace('-lock', '')), 'utf8'));
      const { dependencies, devDependencies, optionalDependencies } = asked as LockedPackage;
      const locked = packages['']!;
      assert.deepEqual(
        [locked.dependencies, locked.devDependencies, locked.optionalDependencies],
        [dependencies, devDependencies, optionalDependencies],
      );
    });
  });

it('a lock file that lacks a platform package is found', () => {
  const packages = {
    '': { dependencies: { linter: '1' } },
    'node_modules/linter': { dependencies: { inner: '1' }, optionalDependencies: { a: '1', '@s/b': '1' } },
    'node_modules/linter/node_modules/inner': { dependencies: { linter: '1' } },
    'node_modules/a': {},
  };
  assert.deepEqual(findMissing(packages), ['node_modules/linter -> @s/b']);
});

function readPackages(file: string): LockedPackages {
  const lock: unknown = JSON.parse(readFileSync(join(project, file), 'utf8'));
  return (lock as { packages: LockedPackages }).packages;
}

function findMissing(packages: LockedPackages): string[] {
  return Object.entries(packages).flatMap(([place, one]) =>
    Object.keys({
      ...one.dependencies,
      ...one.devDependencies,
      ...one.optionalDependencies,
      ...one.peerDependencies,
    })
      .filter(name => one.peerDependenciesMeta?.[name]?.optional !== true)
      .filter(name => !isFound(packages, place, name))
      .map(name => `${place} -> ${name}`),
  );
}

/** As Node.js looks for it: in the package's own node_modules, then in those of the folders above. */
function isFound(packages: LockedPackages, place: string, name: string): boolean {
  if (Object.hasOwn(packages, place === '' ? `node_modules/${name}` : `${place}/node_modules/${name}`))
    return true;
  return (
    place !== '' && isFound(packages, place.slice(0, Math.max(place.lastIndexOf('/node_modules/'), 0)), name)
  );
}
