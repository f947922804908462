// Our own standing with the OOM killer: without the monitor nobody would learn how the container ended.

import { areDigits, trim } from '../sys/bytes.ts';
import { O_CLOEXEC, O_RDWR } from '../sys/constants.ts';
import { errorWords } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes, utf8Text } from '../sys/text.ts';
import { untilDone } from '../sys/until-done.ts';

const scorePath = '/proc/self/oom_score_adj';
const scoreNever = utf8Bytes('-1000');
const minus = 0x2d;
const scoreBytesMax = 16; // `-1000` and a newline, with room

/**
 * Asks not to be chosen. Returns the score that we had, for `SpawnPlan.oomScoreAdj` of what we start, so that
 * it can be chosen; undefined where nothing was changed. Without the privilege (CAP_SYS_RESOURCE) nothing can be,
 * which is told to `debug` alone.
 */
export function shieldFromOomKiller(sys: Sys, debug: (message: string) => void): string | undefined {
  const fd = sys.open(scorePath, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) {
    debug(`failed to open ${scorePath}: ${errorWords(fd)}`);
    return undefined;
  }
  const before = readScore(sys, fd, debug);
  const answer = untilDone(() => sys.write(fd, scoreNever, 0, scoreNever.length));
  if (answer < 0) debug(`failed to write to ${scorePath}: ${errorWords(answer)}`);
  sys.close(fd);
  return answer < 0 ? undefined : before;
}

// What cannot be read is taken for 0, as most processes have it.
function readScore(sys: Sys, fd: number, debug: (message: string) => void): string {
  const buf = new Uint8Array(scoreBytesMax);
  const got = untilDone(() => sys.read(fd, buf, 0, buf.length));
  if (got < 0) debug(`failed to read from ${scorePath}: ${errorWords(got)}`);
  const score = trim(buf.subarray(0, Math.max(0, got)));
  const isNumber = areDigits(score[0] === minus ? score.subarray(1) : score);
  return isNumber ? utf8Text(score) : '0';
}
