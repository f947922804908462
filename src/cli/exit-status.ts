// Exit statuses, as of docker, Podman and the shell.

/** conmonctl failed. */
export const exitFailure = 1;
/** The command line can't be right. */
export const exitUsage = 2;
/** `run`, `exec`, `start --attach`, `attach`: conmonctl, the monitor or the runtime failed. */
export const exitNotRun = 125;
/** The program was found, and can't be executed. */
export const exitNotExecutable = 126;
/** The program was not found. */
export const exitNotFound = 127;
/** The container's exit code is not known, or is the monitor's -1 for a time limit. */
export const exitUnknown = 255;

/** The status of a command whose program did not come to run, by what the runtime said of it: runc's words, crun's,
 * and the kernel's behind both. */
export function statusOfFailedRun(error: unknown): number {
  const words = error instanceof Error && 'words' in error ? String(error.words) : '';
  const ofProgram = /\bexec(utable)?\b/i.test(words);
  if (!ofProgram) return exitNotRun;
  if (/permission denied|exec format error|is a directory/i.test(words)) return exitNotExecutable;
  if (/not found|no such file or directory|find executable/i.test(words)) return exitNotFound;
  return exitNotRun;
}

/** The status to exit with for a container's or command's exit code. */
export function statusOfExit(exitCode: number | undefined): number {
  return exitCode === undefined || exitCode < 0 || exitCode > 255 ? exitUnknown : exitCode;
}
