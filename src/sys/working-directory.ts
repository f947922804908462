// Where we are.

import { errorWords } from './errno.ts';
import { Refusal } from './errors.ts';
import type { Sys } from './sys.ts';
import { utf8Text, utf8ValidLength } from './text.ts';

/** PATH_MAX, its NUL included: the kernel returns no longer one. */
const pathBytesMax = 4096;
const slash = 0x2f;

/** Its path, for what needs one that holds everywhere. Throws a {@link Refusal} where there is none, it cannot be reached
 * from our root, or is not UTF-8, as all our paths are. */
export function readWorkingDirectory(sys: Sys): string {
  const buf = new Uint8Array(pathBytesMax);
  const length = sys.getcwd(buf);
  if (length < 0) throw refusal(errorWords(length));
  const path = buf.subarray(0, length - 1); // without its NUL
  // The kernel's path of one that cannot be reached begins with `(unreachable)`.
  if (path[0] !== slash) throw refusal('it is outside of the root directory');
  if (utf8ValidLength(path) < path.length) throw refusal('its path is not UTF-8');
  return utf8Text(path);
}

function refusal(why: string): Refusal {
  return new Refusal(`Failed to get working directory: ${why}`);
}
