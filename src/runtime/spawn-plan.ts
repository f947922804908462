// How the runtime is started: what it finds at its fds and in its environment. Data only.

import { SIGKILL } from '../sys/constants.ts';
import type { SpawnPlan } from '../sys/sys.ts';
import { moveListenPidLast, replacesListenPid } from './listen-pid.ts';

export interface RuntimeStart {
  /** The runtime's path, then its arguments. */
  readonly argv: readonly string[];
  /** The caller's environment, as for {@link SpawnPlan}. */
  readonly environ: Uint8Array;
  /** Our ends of what becomes the container's stdin, stdout and stderr. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
  /** The caller's fds that the container may want (`--preserve-fds`), at the same numbers. */
  readonly passedFds: readonly number[];
  /** The score that the caller had, where ours is another. */
  readonly oomScoreAdj: string | undefined;
  /** The caller's soft RLIMIT_NOFILE, where it is known. */
  readonly openFilesMax: number | undefined;
  readonly replaceListenPid: boolean;
  readonly ownPid: number;
}

/** If we die the runtime dies, so that it cannot leave a container behind that nobody watches. */
export function planRuntime(start: RuntimeStart): SpawnPlan {
  const listenPid = replacesListenPid(start.environ, start.ownPid, start.replaceListenPid);
  return {
    file: start.argv[0]!,
    argv: start.argv,
    environ: listenPid ? moveListenPidLast(start.environ) : start.environ,
    listenPid,
    fds: [
      ...start.stdio.map((from, to) => ({ from, to })),
      ...start.passedFds.map(fd => ({ from: fd, to: fd })),
    ],
    parentDeathSignal: SIGKILL,
    ...(start.oomScoreAdj === undefined ? {} : { oomScoreAdj: start.oomScoreAdj }),
    ...(start.openFilesMax === undefined ? {} : { openFilesMax: start.openFilesMax }),
  };
}
