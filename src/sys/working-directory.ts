// Where we are.

import type { Sys } from './sys.ts';
import { utf8Text, utf8ValidLength } from './text.ts';

/** PATH_MAX, its NUL included: the kernel returns no longer one. */
const pathBytesMax = 4096;
const slash = 0x2f;

/** Undefined where there is none any more, where it cannot be reached from our root, or its path is not UTF-8. */
export function readWorkingDirectory(sys: Sys): string | undefined {
  const buf = new Uint8Array(pathBytesMax);
  const length = sys.getcwd(buf);
  if (length < 0) return undefined;
  const path = buf.subarray(0, length - 1); // without its NUL
  // The kernel's path of one that cannot be reached begins with `(unreachable)`.
  if (path[0] !== slash || utf8ValidLength(path) < path.length) return undefined;
  return utf8Text(path);
}
