// What is written down about a container, and read back by any process that uses the same root: perhaps one of another
// version, perhaps after somebody else has touched it. So whatever is read is checked.

import type { CgroupIdentity } from '../cgroups/container-cgroup.ts';
import { RecordError } from '../errors.ts';
import { readIfThere, writeWhole } from '../files.ts';
import type { RuntimeProgram } from '../oci/oci-runtime.ts';
import type { ProcessIdentity } from '../processes/processes.ts';
import type { ContainerStatus } from '../types.ts';
import type { ContainerPaths } from './layout.ts';

/** Of all records. One that is higher is of a later conmon-ts, and can't be understood. */
export const recordVersion = 1;

/** What was asked for: config.json in the incarnation's directory. */
export interface ConfigRecord {
  readonly id: string;
  readonly incarnation: string;
  readonly name: string;
  readonly bundle: string;
  readonly runtime: RuntimeProgram;
  /** Made for its monitor alone: {@link Placement.cgroupsOf}. */
  readonly monitorCgroups: readonly string[];
  readonly terminal: boolean;
  readonly logPath: string | null;
  readonly stopSignal: string | number;
  /** True where the container has a PID namespace of its own, which ends with its first process. */
  readonly ownPidNamespace: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The processes: created.json. An entry is null where that process had ended before it could be looked at. */
export interface CreatedRecord {
  readonly pid: number;
  readonly process: ProcessIdentity | null;
  readonly monitor: ProcessIdentity | null;
  /** Those that the container has to itself. */
  readonly cgroups: readonly CgroupIdentity[];
}

/** What was known when the deletion began: deletion.json. */
export interface DeletionRecord {
  readonly status: ContainerStatus;
}

/** `undefined` where there is none, as for the other records. Throws {@link RecordError} where it can't be understood. */
export function readConfig(paths: ContainerPaths): ConfigRecord | undefined {
  const record = readRecord(paths, paths.config, configShape);
  if (record && (record.id !== paths.id || record.incarnation !== paths.incarnation))
    throw new RecordError(`container ${paths.id}: ${paths.config} is that of another container`);
  return record;
}

export function readCreated(paths: ContainerPaths): CreatedRecord | undefined {
  return readRecord(paths, paths.created, createdShape);
}

export function readDeletion(paths: ContainerPaths): DeletionRecord | undefined {
  return readRecord(paths, paths.deletion, deletionShape);
}

/** Writes one of the records. */
export async function writeRecord(
  path: string,
  record: ConfigRecord | CreatedRecord | DeletionRecord,
): Promise<void> {
  await writeWhole(path, JSON.stringify({ version: recordVersion, ...record }));
}

/** What tells whether each member is what it has to be. */
type Shape<Record> = { readonly [Name in keyof Record]-?: (value: unknown) => boolean };

const isString = (value: unknown): boolean => typeof value === 'string';
const isPath = (value: unknown): boolean =>
  typeof value === 'string' && value.startsWith('/') && !value.split('/').includes('..');
const isListOf = (check: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(check);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isPid = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value);
const isTime = (value: unknown): boolean => isString(value) && !Number.isNaN(Date.parse(String(value)));
const isWords = (value: unknown): boolean => isObject(value) && Object.values(value).every(isString);

const identityShape: Shape<ProcessIdentity> = {
  pid: isPid,
  startTicks: value => /^\d+$/.test(String(value)),
  bootId: isString,
};

/** Where a record tells of a process. */
export const isIdentity = (value: unknown): boolean =>
  isObject(value) && findWrong(value, identityShape) === undefined;

const cgroupShape: Shape<CgroupIdentity> = {
  path: isPath,
  inode: value => /^\d+$/.test(String(value)),
};

const isCgroup = (value: unknown): boolean => isObject(value) && findWrong(value, cgroupShape) === undefined;

const programShape: Shape<RuntimeProgram> = { file: isPath, args: isListOf(isString) };

const configShape: Shape<ConfigRecord> = {
  id: isString,
  incarnation: isString,
  name: isString,
  bundle: isPath,
  runtime: value => isObject(value) && findWrong(value, programShape) === undefined,
  monitorCgroups: isListOf(isPath),
  terminal: isBoolean,
  logPath: orNull(isString),
  stopSignal: value => isString(value) || Number.isSafeInteger(value),
  ownPidNamespace: isBoolean,
  labels: isWords,
  annotations: isWords,
  createdAt: isTime,
};

const createdShape: Shape<CreatedRecord> = {
  pid: isPid,
  process: orNull(isIdentity),
  monitor: orNull(isIdentity),
  cgroups: isListOf(isCgroup),
};

const statuses: ReadonlySet<unknown> = new Set<ContainerStatus>([
  'creating',
  'created',
  'running',
  'paused',
  'stopped',
  'unknown',
]);

const deletionShape: Shape<DeletionRecord> = { status: value => statuses.has(value) };

function readRecord<Record>(paths: ContainerPaths, path: string, shape: Shape<Record>): Record | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const record = parseJson(paths, path, text);
  const { version } = record;
  const wrong = version === recordVersion ? findWrong(record, shape) : 'version';
  if (wrong === undefined) return record as unknown as Record;
  const reason =
    typeof version === 'number' && version > recordVersion
      ? `is of version ${version}, and this conmon-ts knows ${recordVersion}`
      : `has no valid ${wrong}`;
  throw new RecordError(`container ${paths.id}: ${path} ${reason}`);
}

function parseJson(paths: ContainerPaths, path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (cause) {
    throw new RecordError(`container ${paths.id}: ${path} is no JSON`, { cause });
  }
}

/** The name of the first member that is not what it has to be. */
function findWrong(
  value: Readonly<Record<string, unknown>>,
  shape: Readonly<Record<string, (value: unknown) => boolean>>,
): string | undefined {
  return Object.keys(shape).find(name => !shape[name]!(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
