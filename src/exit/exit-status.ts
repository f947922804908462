// What conmon calls the exit status of a process. Pure.

/** Where nobody can know how a process ended; never 0, which would say that all went well. */
export const unknownExitStatus = 255;

/** From a wait status as waitpid(2) gives it: 0 to 255, with 128 + the signal's number for a killed process. */
export function readWaitStatus(waitStatus: number): number {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return (waitStatus >> 8) & 0xff;
  return signal === 0x7f ? unknownExitStatus : 128 + signal; // 0x7f: stopped or continued, but alive
}
