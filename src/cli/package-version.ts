import { readFileSync } from 'node:fs';

/** That of the package: src/cli in a checkout and lib/cli in a package are as deep in it. */
export function readVersion(): string {
  const found: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
}
