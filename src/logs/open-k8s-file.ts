// The file of --log-path: how it is opened, and what comes with it by what it is.

import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  S_IFREG,
} from '../sys/constants.ts';
import { EAGAIN, ENXIO, errorWords } from '../sys/errno.ts';
import { Refusal } from '../sys/errors.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Sys } from '../sys/sys.ts';
import { type LogDriver, type LogOptions, logFileMode, type Warn } from './driver.ts';
import { K8sFile } from './k8s-file.ts';
import { LimitedLog } from './limited-log.ts';
import { LogFile } from './log-file.ts';
import { directoryOf, LogReplacement } from './log-replacement.ts';
import { LogStream } from './log-stream.ts';

export type K8sFileOptions = Pick<
  LogOptions,
  'logSizeMax' | 'logGlobalSizeMax' | 'logRotate' | 'logMaxFiles' | 'logAllowlistDir'
>;

/** Opens the log file, or makes it. Throws a `Refusal` when it cannot. */
export function openK8sFile(sys: Sys, path: string, options: K8sFileOptions, warn: Warn): LogDriver {
  const fd = openLog(sys, path);
  if (fd < 0) throw new Refusal(`Failed to open log file ${path}: ${errorWords(fd)}`);
  const { logSizeMax, logGlobalSizeMax } = options;
  if (!isRegular(sys, fd, path, warn)) {
    const stream = new LogStream(sys, fd, path, warn);
    return new K8sFile(sys, new LimitedLog(stream, undefined, logSizeMax, logGlobalSizeMax), stream);
  }
  const file = new LogFile(sys, fd, path, warn);
  const backups = options.logRotate ? Math.max(options.logMaxFiles, 1) : 0;
  const keeping = { backups, allowlist: options.logAllowlistDir };
  // The links in /dev are the whole system's: no log's file may take the place of /dev/stdout, even where that is a file.
  const replacement =
    directoryOf(path) === '/dev' ? undefined : new LogReplacement(sys, path, file, keeping, warn);
  return new K8sFile(sys, new LimitedLog(file, replacement, logSizeMax, logGlobalSizeMax), undefined);
}

/** Never waits for a reader, a writer or a line, and takes no terminal for ours. What is opened is an open file of our
 * own, also by way of /dev/stdout: nobody else's becomes non-blocking. */
function openLog(sys: Sys, path: string): number {
  const common = O_APPEND | O_NOCTTY | O_CLOEXEC;
  const fd = sys.open(path, O_WRONLY | O_CREAT | O_NONBLOCK | common, logFileMode);
  // A fifo that nobody reads yet. With a reading end of our own, what is printed waits in it for whoever comes.
  if (fd === -ENXIO) return sys.open(path, O_RDWR | O_NONBLOCK | common, 0);
  // A file with a lease on it, which its holder is given a while to return.
  if (fd === -EAGAIN) return sys.open(path, O_WRONLY | common, 0);
  return fd;
}

function isRegular(sys: Sys, fd: number, path: string, warn: Warn): boolean {
  const stat = new FileStat();
  const answer = sys.fstat(fd, stat);
  if (answer < 0)
    warn(`Failed to stat log file ${path}, taking it for no regular file: ${errorWords(answer)}`);
  return answer === 0 && stat.type === S_IFREG;
}
