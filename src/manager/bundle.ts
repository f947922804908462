// What the library reads in a bundle's config.json (OCI runtime specification).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError } from './errors.ts';

/** The parts of a bundle's configuration that matter here. */
export interface BundleConfig {
  readonly terminal: boolean;
  readonly ownPidNamespace: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** `process`, as it is. */
  readonly process: Readonly<Record<string, unknown>>;
}

/** Reads `config.json` of a bundle. Throws {@link ArgumentError} where there is none, or it is no JSON. */
export function readBundle(bundle: string): BundleConfig {
  const path = join(bundle, 'config.json');
  const config = parse(path);
  const process = asRecord(config['process']);
  const namespaces = asRecord(config['linux'])['namespaces'];
  const pid = Array.isArray(namespaces)
    ? namespaces.map(asRecord).find(({ type }) => type === 'pid')
    : undefined;
  return {
    terminal: process['terminal'] === true,
    ownPidNamespace: pid !== undefined && pid['path'] === undefined,
    annotations: Object.fromEntries(
      Object.entries(asRecord(config['annotations'])).map(([name, value]) => [name, String(value)]),
    ),
    process,
  };
}

function parse(path: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new ArgumentError(
      `no bundle at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
