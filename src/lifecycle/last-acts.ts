// The order of what is done at the end, whatever the end is. Callers rely on it: whoever sees a later act's result
// finds the earlier ones done (docs/behaviour/exit.md).

/** Each is a method of the monitor. */
export type LastAct =
  /** Kills what still runs of what was started, and waits for its end: nothing is reported as ended that is not. */
  | 'endProcesses'
  /** Looks once more for an OOM kill, while the cgroup may still be there. */
  | 'checkOom'
  /** Reads what the container's pipes still hold, and ends the logs' streams. */
  | 'drainOutput'
  /** On to the disk with the logs, which are complete by then: a disk that hangs keeps no caller from what it waits for. */
  | 'syncLogs'
  /** Lets go of the caller's fds, a published port's socket for example, before anybody learns of the end. */
  | 'closeInheritedFds'
  /** Removes the attach socket, so that a client that sees the end finds it gone. */
  | 'unlinkAttachSocket'
  /** Gives clients what they have not yet taken, for a moment, and then their end of the stream. */
  | 'releaseClients'
  | 'writePersistExitFile'
  | 'writeExitFile'
  /** Exec: the exit status; otherwise what is still owed to the caller. */
  | 'answerSyncPipe'
  | 'closeAll'
  | 'runExitCommand';

/** How it ended: the container ran and is over, it could not be started, or we cannot go on, while it runs or before. */
export type Ending = 'exited' | 'not-started' | 'broken' | 'broken-start';

// There was no container: nobody waits for its exit file. What the runtime may have made all the same is for the caller
// to clean up (docs/behaviour/signals.md, G11).
const notStarted: readonly LastAct[] = [
  'closeInheritedFds',
  'answerSyncPipe',
  'syncLogs',
  'unlinkAttachSocket',
  'releaseClients',
  'closeAll',
  'runExitCommand',
];

const acts: Record<Ending, readonly LastAct[]> = {
  exited: [
    'checkOom',
    'drainOutput',
    'closeInheritedFds',
    'unlinkAttachSocket',
    'releaseClients',
    'writePersistExitFile',
    'writeExitFile',
    'answerSyncPipe',
    'syncLogs',
    'closeAll',
    'runExitCommand',
  ],
  'not-started': notStarted,
  'broken-start': ['endProcesses', ...notStarted],
  // What may be broken comes late, what callers wait for early.
  broken: [
    'endProcesses',
    'closeInheritedFds',
    'writePersistExitFile',
    'writeExitFile',
    'answerSyncPipe',
    'drainOutput',
    'syncLogs',
    'unlinkAttachSocket',
    'closeAll',
    'runExitCommand',
  ],
};

export function lastActs(ending: Ending): readonly LastAct[] {
  return acts[ending];
}
