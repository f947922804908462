// Letting go of the caller's stdin, stdout and stderr.

import { O_CLOEXEC, O_RDWR } from '../sys/constants.ts';
import { FatalError } from '../sys/errors.ts';
import type { Sys } from '../sys/sys.ts';

/** Opens /dev/null, close-on-exec. */
export function openDevNull(sys: Sys): number {
  const fd = sys.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
  if (fd < 0)
    throw new FatalError('Failed to open /dev/null', { errno: fd, syscall: 'open', path: '/dev/null' });
  return fd;
}

/** The caller reads our stdout and stderr to their end: they must not stay open here. */
export function detachStdio(sys: Sys, devNull: number): void {
  for (const fd of [0, 1, 2]) sys.dup3(devNull, fd, 0);
}
