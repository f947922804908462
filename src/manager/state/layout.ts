// Where things are. One root holds everything, so that a second process finds what a first one made.

import { join } from 'node:path';
import { ArgumentError } from '../errors.ts';

/** Paths of one manager's state. */
export interface Layout {
  readonly root: string;
  /** One symbolic link a container that has the ID as its name: to the directory of its incarnation. */
  readonly containers: string;
  /** One directory an incarnation, `ID@INCARNATION`. */
  readonly incarnations: string;
  /** The store of exit codes of deleted containers. */
  readonly codes: string;
  /** The OCI runtime's own root, unless another is given. */
  readonly runtime: string;
}

/** Paths of one incarnation's state. The directory keeps its name as long as it is there, since its monitor writes by
 * path. Every file is written once, by rename, by the one who knows: there is nothing to lock, and a crash leaves whole
 * files. */
export interface ContainerPaths {
  readonly id: string;
  readonly incarnation: string;
  /** Has the ID as its name, and leads to {@link dir}. */
  readonly link: string;
  readonly dir: string;
  /** Holds one file, whose name is the phase (./phase.ts). */
  readonly phase: string;
  /** Holds one file for each call of the runtime that is under way (./uses.ts). */
  readonly uses: string;
  /** What was asked for; written before anything is started. */
  readonly config: string;
  /** The processes; written when the monitor has answered. */
  readonly created: string;
  /** Its time is when somebody began to start the container; it has the other name once that is done. */
  readonly starting: string;
  readonly started: string;
  /** There while the container is frozen. */
  readonly paused: string;
  /** What a start that failed said. */
  readonly startFailure: string;
  /** What was known when the deletion began. */
  readonly deletion: string;
  readonly pidfile: string;
  readonly monitorPidfile: string;
  readonly exec: string;
  readonly log: string;
  /** The monitor's `--exit-dir`. */
  readonly exitDir: string;
  readonly exitFile: string;
  /** The monitor's `--persist-dir`. */
  readonly persistDir: string;
  readonly oomMarker: string;
  /** The incarnation's entry in the store of exit codes. */
  readonly code: string;
}

/** Lays out a root; touches nothing. */
export function layOut(root: string): Layout {
  return {
    root,
    containers: join(root, 'containers'),
    incarnations: join(root, 'incarnations'),
    codes: join(root, 'codes'),
    runtime: join(root, 'runtime'),
  };
}

/** Paths of one incarnation. */
export function layOutContainer(layout: Layout, id: string, incarnation: string): ContainerPaths {
  const name = formatIncarnation(id, incarnation);
  const dir = join(layout.incarnations, name);
  const exitDir = join(dir, 'exit');
  const persistDir = join(dir, 'persist');
  return {
    id,
    incarnation,
    link: join(layout.containers, id),
    dir,
    phase: join(dir, 'phase'),
    uses: join(dir, 'uses'),
    config: join(dir, 'config.json'),
    created: join(dir, 'created.json'),
    starting: join(dir, 'starting'),
    started: join(dir, 'started'),
    paused: join(dir, 'paused'),
    startFailure: join(dir, 'start-failure'),
    deletion: join(dir, 'deletion.json'),
    pidfile: join(dir, 'pidfile'),
    monitorPidfile: join(dir, 'conmon-pidfile'),
    exec: join(dir, 'exec'),
    log: join(dir, 'ctr.log'),
    exitDir,
    exitFile: join(exitDir, id),
    persistDir,
    oomMarker: join(persistDir, 'oom'),
    code: join(layout.codes, `${name}.json`),
  };
}

/** The name that an incarnation has in the file system. */
export function formatIncarnation(id: string, incarnation: string): string {
  return `${id}@${incarnation}`;
}

/** The parts of such a name; `undefined` where it is another. */
export function parseIncarnation(name: string): { id: string; incarnation: string } | undefined {
  const [id, incarnation, ...rest] = name.split('@');
  if (id === undefined || incarnation === undefined || rest.length > 0) return undefined;
  return isId(id) && incarnationPattern.test(incarnation) ? { id, incarnation } : undefined;
}

/** Throws {@link ArgumentError} where that is no ID. */
export function requireId(id: string): void {
  if (!isId(id))
    throw new ArgumentError(
      `${JSON.stringify(id)} is no container ID: up to ${idLengthMax} of A-Z a-z 0-9 _ + . -`,
    );
}

/** Throws {@link ArgumentError} where that is no incarnation, as {@link ContainerState.incarnation} has it. */
export function requireIncarnation(incarnation: string): string {
  if (typeof incarnation === 'string' && incarnationPattern.test(incarnation)) return incarnation;
  throw new ArgumentError(`${JSON.stringify(incarnation)} is no incarnation: 16 of 0-9 a-f`);
}

const incarnationPattern = /^[0-9a-f]{16}$/;

/** runc's rule for IDs (libcontainer, validateID) without a dot in front: those are hidden files. */
const idPattern = /^[\w+-][\w+.-]*$/;

/** A file name holds 255 bytes, and ours and the monitor's temporary ones are longer than the ID. */
const idLengthMax = 200;

/** True for what may be the ID of a container. */
export function isId(id: string): boolean {
  return typeof id === 'string' && id.length <= idLengthMax && idPattern.test(id);
}
