// The command that the caller wants run when all has been written: it cleans up after the container.

import { PR_SET_CHILD_SUBREAPER, WNOHANG } from '../sys/constants.ts';
import { EINTR, errorWords } from '../sys/errno.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { SpawnPlan, Sys } from '../sys/sys.ts';
import { untilDone } from '../sys/until-done.ts';
import { readWaitStatus, unknownExitStatus } from './exit-status.ts';

export interface ExitCommand {
  /** `--exit-command`: a path, absolute or from the working directory; PATH is not searched. */
  readonly file: string;
  /** `--exit-command-arg`, in order. */
  readonly args: readonly string[];
  /** `--exit-delay` */
  readonly delaySeconds: number;
  /** The caller's environment, as for {@link SpawnPlan}. */
  readonly environ: Uint8Array;
  /** The score that we had before we changed our own, where we did. */
  readonly oomScoreAdj?: string | undefined;
  /** The caller's soft RLIMIT_NOFILE, where it is known. */
  readonly openFilesMax?: number | undefined;
}

/** The status of an exit command that could not be started, as of one that failed. */
const notStartedStatus = 1;

/** How the command is started: with our stdio (/dev/null by then), and to outlive us if we are killed. */
export function planExitCommand(command: ExitCommand): SpawnPlan {
  return {
    file: command.file,
    argv: [command.file, ...command.args],
    environ: command.environ,
    fds: [0, 1, 2].map(fd => ({ from: fd, to: fd })),
    parentDeathSignal: 0,
    ...(command.oomScoreAdj === undefined ? {} : { oomScoreAdj: command.oomScoreAdj }),
    ...(command.openFilesMax === undefined ? {} : { openFilesMax: command.openFilesMax }),
  };
}

/** Who is left in the delay. */
export interface Waiting {
  /** Whether somebody needs the monitor still. */
  isNeeded(): boolean;
  /** Has what is left of us wait for `leftMs` and run the command, and does not return where that can be. */
  handOver(plan: SpawnPlan, leftMs: number): void;
}

/**
 * Waits for the delay, runs the command and waits for its end. Returns its exit status, 1 where it could not be
 * started. What else ends meanwhile is reaped, but not waited for: a helper that the runtime left running would
 * keep us, and the caller who waits for us, as long as it lives.
 *
 * `onStart` is called as soon as it was started, or could not be: whoever is called again after an error before that
 * tries anew. From here on we are no subreaper: what the command leaves behind is for init.
 */
export function runExitCommand(
  sys: Sys,
  reactor: Reactor,
  command: ExitCommand,
  warn: (message: string) => void,
  onStart: () => void,
  waiting?: Waiting,
): number {
  const plan = planExitCommand(command);
  if (command.delaySeconds > 0) passTime(reactor, command.delaySeconds * 1000, plan, waiting, warn);
  const answer = sys.prctl(PR_SET_CHILD_SUBREAPER, 0);
  if (answer < 0) warn(`Failed to disable self subreaper attribute: ${errorWords(answer)}`);
  const status = new Int32Array(1); // made before: once the command runs, nothing may fail
  const pid = sys.spawn(plan);
  onStart();
  if (pid < 0) {
    warn(`${describeNotStarted(command.file)}: ${errorWords(pid)}`);
    return notStartedStatus;
  }
  const exitStatus = awaitChild(sys, pid, status);
  reapZombies(sys);
  return exitStatus;
}

/** The warning of a command that cannot be started, up to its reason. */
export function describeNotStarted(file: string): string {
  return `Failed to execute exit command ${file}`;
}

/** Our own exit status: the container's, so that whoever started us sees it, unless the exit command failed. */
export function combineExitStatuses(container: number, exitCommand: number): number {
  return exitCommand === 0 ? container : exitCommand;
}

/** Takes what has ended and waits for nothing. */
export function reapZombies(sys: Sys): void {
  const status = new Int32Array(1);
  while (untilDone(() => sys.waitpid(-1, status, WNOHANG)) > 0);
}

/** A wait that fails is no reason to leave the container uncleaned. */
function passTime(
  reactor: Reactor,
  ms: number,
  plan: SpawnPlan,
  waiting: Waiting | undefined,
  warn: (message: string) => void,
): void {
  try {
    const endMs = reactor.nowMs() + ms;
    let passed = false;
    reactor.after(ms, () => {
      passed = true;
    });
    while (!passed && waiting?.isNeeded()) reactor.turn();
    if (!passed) waiting?.handOver(plan, Math.max(0, Math.ceil(endMs - reactor.nowMs())));
    while (!passed) reactor.turn();
  } catch (error) {
    warn(`Failed to wait before the exit command: ${error instanceof Error ? error.message : error}`);
  }
}

function awaitChild(sys: Sys, pid: number, status: Int32Array): number {
  let answer: number;
  do answer = sys.waitpid(pid, status, 0);
  while (answer === -EINTR); // not by untilDone: the function that it takes may find no memory
  return answer === pid ? readWaitStatus(status[0]!) : unknownExitStatus;
}
