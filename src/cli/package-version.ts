import { readFileSync } from 'node:fs';

/** That of the package, wherever in it this file is. */
export function readVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {} // a level further up
  }
  return 'unknown';
}
