// What has happened, as a few small facts, and what comes next. The facts arrive in any order: a short command may
// be gone before its runtime is, and before we know its pid.

export interface Facts {
  /** Wait status of the runtime's create, restore or exec; undefined while it runs. */
  readonly runtimeStatus: number | undefined;
  /** The runtime is to hand us a terminal. */
  readonly consoleWanted: boolean;
  readonly consoleHere: boolean;
  /** Not known before the runtime has ended and its pid file is read. */
  readonly containerPid: number | undefined;
  /** Wait status of the container's process; 'unknown' if it ended as a child of somebody else. */
  readonly containerStatus: number | 'unknown' | undefined;
  /** `--timeout` has passed. */
  readonly timedOut: boolean;
}

/**
 * - `wait`: for something to happen
 * - `identify`: read the pid file, and report the pid
 * - `fail-runtime`: it failed; report its words
 * - `fail-console`: it ended well, without a terminal
 * - `end`: the container is gone, or its time is up
 */
export type Step = 'wait' | 'identify' | 'fail-runtime' | 'fail-console' | 'end';

/** Every turn's events are noted first, then this decides once. */
export function nextStep(facts: Facts): Step {
  if (facts.containerPid !== undefined)
    return facts.containerStatus !== undefined || facts.timedOut ? 'end' : 'wait';
  if (facts.runtimeStatus === undefined) return 'wait';
  if (facts.runtimeStatus !== 0) return 'fail-runtime';
  return facts.consoleWanted && !facts.consoleHere ? 'fail-console' : 'identify';
}
