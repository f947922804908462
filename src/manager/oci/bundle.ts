// What the library reads in a bundle's config.json (OCI runtime specification).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError } from '../errors.ts';
import { errorCode } from '../files.ts';

/** The parts of a bundle's configuration that matter here. */
export interface BundleConfig {
  readonly terminal: boolean;
  readonly ownPidNamespace: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** `process`, as it is. */
  readonly process: Json;
}

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Reads what matters here of a bundle's configuration. Throws as {@link readBundleConfig}. */
export function readBundle(bundle: string): BundleConfig {
  const config = readBundleConfig(bundle);
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

/** Reads `config.json` of a bundle. Throws {@link ArgumentError} where there is none, or it holds no JSON object. */
export function readBundleConfig(bundle: string): Json {
  const path = join(bundle, 'config.json');
  try {
    const config: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isRecord(config)) return config;
    throw new Error('it is no object');
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== undefined && !wrongPlaces.has(code)) throw cause;
    throw new ArgumentError(
      `no bundle at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Errors that are the path's own. */
const wrongPlaces = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG']);

/** The value where it is an object, else an empty one. */
export function asRecord(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
