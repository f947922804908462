// Whether this machine can run a journald of its own for the tests, next to the system's.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

export const journaldPath = '/lib/systemd/systemd-journald';

/** What is missing here, in words that complete "needs …"; undefined when nothing is. */
export async function probeJournald(): Promise<string | undefined> {
  if (!existsSync(journaldPath)) return 'systemd-journald';
  try {
    await promisify(execFile)('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/run']);
  } catch {
    return 'root, for a mount namespace of its own';
  }
  return undefined;
}
