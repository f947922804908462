// The file in which the runtime leaves the container's pid.

import { parseDecimal, trim } from '../sys/bytes.ts';

/** Of 2^31 - 1, the greatest. */
const digitsMax = 10;

/** What is in a pid file is a number of at most 7 digits and white space; a longer one is rubbish anyway. */
export const pidFileBytesMax = 64;

/** The pid in a pid file's content, or undefined if that is not one decimal number above 0. */
export function parsePid(content: Uint8Array): number | undefined {
  const digits = trim(content);
  const pid = digits.length <= digitsMax ? parseDecimal(digits) : undefined;
  return pid !== undefined && pid > 0 && pid < 2 ** 31 ? pid : undefined;
}
