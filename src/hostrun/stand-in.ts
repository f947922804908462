// The process that stands in for the container from `create` to `start`, and then becomes it, under the same pid:
// a shell that waits in open(2) of the fifo, as runc's init does, and then executes env(1), which executes the
// program with exactly the environment of its specification. (A shell alone would drop variables whose names it
// does not like, and add PWD.)

import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { describeFailure, RuntimeError } from './runtime-error.ts';
import type { ProcessSpec } from './spec.ts';

export interface StandInPlan {
  readonly process: ProcessSpec;
  /** Fds for the process's stdin, stdout and stderr. */
  readonly stdio: readonly [number, number, number];
  /** How many fds, from 3 on, it finds at the same numbers. */
  readonly preserveFds: number;
  /** Wait for a reader of this fifo; '' to go at once. */
  readonly fifoPath: string;
  /** Take this terminal, already its stdio, for the controlling one; '' for none. */
  readonly ttyPath: string;
  /** The LISTEN_FDS that the caller's socket activation announced to us, and so to the container; '' for none. */
  readonly listenFds: string;
  /** Whom to run as; undefined to stay who we are. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

const script = `
fifo=$1 tty=$2 listen=$3
shift 3
if [ -n "$listen" ]; then set -- "LISTEN_FDS=$listen" "LISTEN_PID=$$" "$@"; fi
if [ -n "$tty" ]; then exec 0<>"$tty" 1>&0 2>&0 || exit 1; fi
if [ -n "$fifo" ]; then echo >"$fifo" || exit 1; fi
exec env -i -- "$@"`;

/** Starts it, leader of a session of its own, and returns the handle; it outlives us. */
export async function startStandIn(plan: StandInPlan) {
  const { process: spec, stdio, user } = plan;
  requireDirectory(spec.cwd);
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'hostrun', plan.fifoPath, plan.ttyPath, plan.listenFds, ...spec.env, ...spec.args],
    {
      cwd: spec.cwd,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
      stdio: [...stdio, ...Array.from({ length: plan.preserveFds }, (_, index) => 3 + index)],
      ...user,
    },
  );
  if (child.pid === undefined) {
    const [error] = await new Promise<[unknown]>(answer => child.once('error', failure => answer([failure])));
    throw new RuntimeError(`unable to start container process: ${describeFailure(error)}`);
  }
  child.unref();
  return { child, pid: child.pid };
}

function requireDirectory(cwd: string): void {
  try {
    if (statSync(cwd).isDirectory()) return;
  } catch (error) {
    const why = describeFailure(error).replace(/^.*: /, '');
    throw new RuntimeError(
      `unable to start container process: chdir to cwd (${JSON.stringify(cwd)}) set in config.json failed: ${why}`,
      { cause: error },
    );
  }
  throw new RuntimeError(
    `unable to start container process: chdir to cwd (${JSON.stringify(cwd)}) set in config.json failed: not a directory`,
  );
}
