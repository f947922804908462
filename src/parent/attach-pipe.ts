// The pipe on which a caller that attaches to an exec waits until there is something to attach to.

import { EPIPE, errorWords } from '../sys/errno.ts';
import { writeAll } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { encodeReport } from './sync-report.ts';

/**
 * Says that the attach socket and both fifos are there, and closes the pipe. Only a caller of API version 1 may
 * attach, so the key is `data`.
 */
export function announceAttachReady(sys: Sys, fd: number, warn: (message: string) => void): void {
  const answer = writeAll(sys, fd, encodeReport('data', 0));
  if (answer < 0 && answer !== -EPIPE) warn(`Unable to send attach message to parent: ${errorWords(answer)}`);
  sys.close(fd);
}
