// The parts of the OCI runtime specification's config.json that mean something where nothing is isolated.

import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { hasCode, RuntimeError } from './runtime-error.ts';

/** The `process` object, of config.json or of a file of its own for exec. */
export interface ProcessSpec {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly terminal: boolean;
  readonly terminalSize: { readonly rows: number; readonly columns: number };
  readonly uid: number;
  readonly gid: number;
}

export interface BundleConfig {
  readonly ociVersion: string;
  readonly rootPath: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly process: ProcessSpec;
}

export function readConfig(path: string): BundleConfig {
  return parseConfig(readJson(path, 'JSON specification file config.json not found'));
}

export function readProcess(path: string): ProcessSpec {
  return parseProcess(readJson(path, `open ${path}: no such file or directory`));
}

/** Exported for tests. */
function parseConfig(value: unknown): BundleConfig {
  const config = requireObject(value, 'config.json');
  if (config['process'] === undefined) throw new RuntimeError('process property must not be empty');
  const annotations = Object.entries(requireObject(config['annotations'] ?? {}, 'annotations'));
  return {
    ociVersion: requireText(config['ociVersion'], 'ociVersion'),
    rootPath: requireText(requireObject(config['root'] ?? {}, 'root')['path'] ?? '', 'root.path'),
    annotations: Object.fromEntries(
      annotations.map(([key, text]) => [key, requireText(text, `annotation ${key}`)]),
    ),
    process: parseProcess(config['process']),
  };
}

/** Exported for tests. */
function parseProcess(value: unknown): ProcessSpec {
  const spec = requireObject(value, 'process');
  const args = requireTexts(spec['args'] ?? [], 'args');
  const cwd = requireText(spec['cwd'] ?? '', 'cwd');
  if (cwd === '') throw new RuntimeError('Cwd property must not be empty');
  if (!isAbsolute(cwd)) throw new RuntimeError('Cwd must be an absolute path');
  if (args.length === 0) throw new RuntimeError('args must not be empty');
  if (args[0]!.includes('=')) throw new RuntimeError(`args: a command with "=" in its name: ${args[0]}`);
  const size = requireObject(spec['consoleSize'] ?? {}, 'consoleSize');
  const user = requireObject(spec['user'] ?? {}, 'user');
  return {
    args,
    env: requireTexts(spec['env'] ?? [], 'env').filter(entry => entry.indexOf('=') > 0),
    cwd,
    terminal: spec['terminal'] === true,
    terminalSize: {
      rows: requireCount(size['height'], 'height'),
      columns: requireCount(size['width'], 'width'),
    },
    uid: requireCount(user['uid'], 'uid'),
    gid: requireCount(user['gid'], 'gid'),
  };
}

function readJson(path: string, notFound: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new RuntimeError(notFound, { cause: error });
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RuntimeError(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function requireObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RuntimeError(`${name} must be an object`);
  return value as Readonly<Record<string, unknown>>;
}

/** No NUL: it would end the string early in the process's arguments or environment. */
function requireText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.includes('\0'))
    throw new RuntimeError(`${name} must be a string without NUL`);
  return value;
}

function requireTexts(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value)) throw new RuntimeError(`${name} must be a list of strings`);
  return value.map(entry => requireText(entry, name));
}

function requireCount(value: unknown, name: string): number {
  const count = value ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > 0xffff_ffff)
    throw new RuntimeError(`${name} must be a whole number`);
  return count;
}
