// Memory that the kernel's limits must leave: a lack of it is found before the container runs, and not by its end.

import { FatalError } from '../sys/errors.ts';

/** What a life may take at most beyond what it has when the runtime is started: a whole queue for attach clients, one
 * before the container's stdin with a packet of the largest size, and as much again for small things, as the heap grows
 * by regions. */
const requiredBytes = (1024 + 512 + 1024) * 1024;

/** Throws a FatalError where it is not to be had. It is asked for and given back, and costs nothing but address space. */
export function requireMemory(): void {
  let bytes = 0;
  try {
    bytes = new Uint8Array(requiredBytes).length;
  } catch {} // out of memory
  if (bytes === 0) throw new FatalError('Out of memory: the limits leave no room for a container');
}
