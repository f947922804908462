// Memory that the kernel's limits must leave: a lack of it is found before the container runs, and not by its end.

import { FatalError } from '../sys/errors.ts';

/** What a life may take beyond what it has when the runtime is started: a whole queue for attach clients, and at the end what
 * the container's two pipes hold; a queue before the container's stdin, with a packet of the largest size; small things, as
 * the heap grows by regions. */
const requiredBytes = (1024 + 2 * 512 + 512 + 512) * 1024;

/** Throws a FatalError where it is not to be had. It is asked for and given back, and costs nothing but address space. */
export function requireMemory(): void {
  if (!canHave(requiredBytes))
    throw new FatalError('Out of memory: the limits leave no room for a container');
}

function canHave(bytes: number): boolean {
  try {
    return new Uint8Array(bytes).length === bytes;
  } catch {
    return false;
  }
}
