// The verdict that the launcher waits for: that the monitor has accepted its options and has all it needs.

import { PR_SET_PDEATHSIG } from '../sys/constants.ts';
import { FatalError } from '../sys/errors.ts';
import { readAll, writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';

/** Lets the launcher, and so the caller, go on. From here on its end is not ours. */
export function giveVerdict(sys: Sys, verdictFd: number): void {
  if (verdictFd < 0) return;
  sys.prctl(PR_SET_PDEATHSIG, 0);
  if (writeAll(sys, verdictFd, new Uint8Array(1)) < 0) throw launcherIsGone();
}

/**
 * Waits for the launcher's end, and closes the socket. As its last act it says that it ends well, so that the caller
 * learns that there is a monitor; one that does not was ended before, and its caller expects no container.
 */
export function awaitLauncher(sys: Sys, verdictFd: number): void {
  if (verdictFd < 0) return;
  const word = readAll(sys, verdictFd, 2);
  sys.close(verdictFd);
  if (typeof word === 'number' || word.length === 0) throw launcherIsGone();
}

function launcherIsGone(): FatalError {
  return new FatalError('The launcher was ended before it knew that the monitor runs');
}
