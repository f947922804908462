// The empty files named `oom` by which a caller learns of an OOM kill: Podman looks into the persist directory,
// CRI-O into the bundle.

import { O_CLOEXEC, O_CREAT, O_EXCL, O_WRONLY } from '../sys/constants.ts';
import { EEXIST, errorWords } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';

/** As C conmon's, subject to the umask. */
const markerMode = 0o666;

export class OomMarkers {
  readonly #sys: Sys;
  readonly #missing: Set<string>;
  readonly #warn: (message: string) => void;

  /** `dirs` are where a marker is wanted; undefined and empty ones are passed over. */
  constructor(sys: Sys, dirs: readonly (string | undefined)[], warn: (message: string) => void) {
    this.#sys = sys;
    this.#missing = new Set(dirs.filter(dir => dir !== undefined && dir !== '') as string[]);
    this.#warn = warn;
  }

  /** Makes the markers that are not there yet. What fails is warned of, and tried again at the next call. */
  place(): void {
    for (const dir of this.#missing) if (this.#placeOne(dir)) this.#missing.delete(dir);
  }

  // O_EXCL follows no symlink: in a bundle that is not ours one might point anywhere.
  #placeOne(dir: string): boolean {
    const fd = this.#sys.open(`${dir}/oom`, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, markerMode);
    if (fd >= 0) this.#sys.close(fd);
    if (fd >= 0 || fd === -EEXIST) return true;
    this.#warn(`Failed to write oom file to the ${dir} path: ${errorWords(fd)}`);
    return false;
  }
}
