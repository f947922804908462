// Waiting for time alone, where there is no reactor.

import type { Sys } from './sys.ts';

/** Waits for `ms` milliseconds, or until a signal comes. Returns false where it cannot wait. */
export function sleep(sys: Sys, ms: number): boolean {
  const epfd = sys.epollCreate();
  if (epfd < 0) return false;
  sys.epollWait(epfd, new Int32Array(2), ms);
  sys.close(epfd);
  return true;
}
