// Where things are. One root holds everything, so that a second process finds what a first one made.

import { join } from 'node:path';
import { ArgumentError } from './errors.ts';

/** Paths of one manager's state. */
export interface Layout {
  readonly root: string;
  /** One directory a container. */
  readonly containers: string;
  /** The monitors' `--exit-dir`: one file a container that has ended. */
  readonly exits: string;
  /** The monitors' `--persist-dir`s. */
  readonly persist: string;
  /** The store of exit codes of deleted containers. */
  readonly codes: string;
  /** The OCI runtime's own root, unless another is given. */
  readonly runtime: string;
}

/** Paths of one container's state. Every file is written once, by rename, by the one who knows: there is nothing
 * to lock, and a crash leaves whole files. */
export interface ContainerPaths {
  readonly dir: string;
  /** What was asked for; written before anything is started. */
  readonly config: string;
  /** The processes; written when the monitor has answered. */
  readonly created: string;
  /** Its time is when the container was started. */
  readonly started: string;
  /** There from the moment on which a deletion begins. */
  readonly deleting: string;
  readonly pidfile: string;
  readonly monitorPidfile: string;
  readonly exec: string;
  readonly log: string;
  readonly exitFile: string;
  readonly persistDir: string;
  readonly oomMarker: string;
  /** The container's entry in the store of exit codes. */
  readonly code: string;
}

/** Lays out a root; touches nothing. */
export function layOut(root: string): Layout {
  return {
    root,
    containers: join(root, 'containers'),
    exits: join(root, 'exits'),
    persist: join(root, 'persist'),
    codes: join(root, 'codes'),
    runtime: join(root, 'runtime'),
  };
}

/** Paths of the container `id`; throws {@link ArgumentError} where that is no ID. */
export function layOutContainer(layout: Layout, id: string): ContainerPaths {
  requireId(id);
  const dir = join(layout.containers, id);
  const persistDir = join(layout.persist, id);
  return {
    dir,
    config: join(dir, 'config.json'),
    created: join(dir, 'created.json'),
    started: join(dir, 'started'),
    deleting: join(dir, 'deleting'),
    pidfile: join(dir, 'pidfile'),
    monitorPidfile: join(dir, 'conmon-pidfile'),
    exec: join(dir, 'exec'),
    log: join(dir, 'ctr.log'),
    exitFile: join(layout.exits, id),
    persistDir,
    oomMarker: join(persistDir, 'oom'),
    code: join(layout.codes, `${id}.json`),
  };
}

/** runc's rule for IDs (libcontainer, validateID) without a dot in front: those are ours, for what is half done. */
const idPattern = /^[\w+-][\w+.-]*$/;

/** A file name holds 255 bytes, and ours and the monitor's temporary ones are longer than the ID. */
const idLengthMax = 200;

/** Throws {@link ArgumentError} where that is no ID. */
export function requireId(id: string): void {
  if (!idPattern.test(id) || id.length > idLengthMax)
    throw new ArgumentError(
      `${JSON.stringify(id)} is no container ID: up to ${idLengthMax} of A-Z a-z 0-9 _ + . -`,
    );
}
