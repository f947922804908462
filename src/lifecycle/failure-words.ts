// Why there is no container, in conmon's words, for a caller to whom the runtime itself has said nothing.

import { errorWords } from '../sys/errno.ts';
import type { Step } from './next-step.ts';

export interface Failure {
  readonly exec: boolean;
  /** The runtime's exit status. */
  readonly runtimeStatus: number;
  readonly pidFile: string;
  /** -errno of reading the pid file; 0 where it could be read and has no pid in it. */
  readonly pidFileError: number;
}

/** One line. A step that is no failure of the runtime's is one of its pid file. */
export function describeFailure(step: Step, failure: Failure): string {
  if (step === 'fail-runtime') {
    const what = failure.exec ? 'exec in' : 'create';
    return `Failed to ${what} container: exit status ${failure.runtimeStatus}`;
  }
  if (step === 'fail-console') return 'Runtime did not set up terminal';
  const why = failure.pidFileError < 0 ? errorWords(failure.pidFileError) : 'there is no pid in it';
  return `Failed to read pidfile: ${failure.pidFile}: ${why}`;
}
