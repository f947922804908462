// The files that say how the container ended: `exit` in the persist directory, where a caller looks it up, and
// then the one in the exit directory, by whose appearance it is told.

import { EINVAL, errorWords } from '../sys/errno.ts';
import { replaceFile } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes } from '../sys/text.ts';

export interface ExitFilePlaces {
  /** `--persist-dir` */
  readonly persistDir?: string | undefined;
  /** `--exit-dir` */
  readonly exitDir?: string | undefined;
  /** The container's ID, the name of the file in the exit directory. */
  readonly cid: string;
}

/** What g_file_set_contents(3) asks for in C conmon; with conmon's umask the files are 0644. */
const exitFileMode = 0o666;

/**
 * Writes the status, decimal and without a newline, to the files that were asked for, each in one step. -1 stands
 * for a container that the timeout killed. Returns whether all were written; one that fails gets a warning and does
 * not keep the other from being written.
 */
export function writeExitFiles(
  sys: Sys,
  places: ExitFilePlaces,
  status: number,
  warn: (message: string) => void,
): boolean {
  const content = utf8Bytes(String(status));
  const write = (path: string, what: string): boolean => {
    const answer = replaceFile(sys, path, content, exitFileMode);
    if (answer < 0) warn(`Failed to write ${status} to ${what}: ${path}: ${errorWords(answer)}`);
    return answer === 0;
  };

  const { persistDir, exitDir, cid } = places;
  const persisted = !persistDir || write(`${persistDir}/exit`, 'container exit file');
  if (!exitDir) return persisted;
  if (isFileName(cid)) return write(`${exitDir}/${cid}`, 'exit file') && persisted;
  warn(`Failed to write ${status} to exit file: ${exitDir}/${cid}: ${errorWords(EINVAL)}`);
  return false;
}

// An ID with a slash would lead out of the exit directory.
function isFileName(cid: string): boolean {
  return cid !== '' && cid !== '.' && cid !== '..' && !cid.includes('/') && !cid.includes('\0');
}
