// Asking runtime and monitor who they are.

import type { Context } from '../context.ts';
import { MonitorError } from '../errors.ts';
import type { CallOptions, RuntimeVersion } from '../types.ts';
import { runProgram } from './run-program.ts';
import { type ProgramVersion, parseVersion } from './versions.ts';

/** The monitor says it in a moment. */
const monitorTimeLimitMs = 30_000;

/** Rejects with {@link RuntimeError} or {@link MonitorError} where what is said is not such a program's. */
export async function askVersions(context: Context, options: CallOptions): Promise<RuntimeVersion> {
  const what = 'asking the runtime for its version';
  const said = await context.runtime.run(what, ['--version'], options);
  const runtime = parseVersion(said);
  if (runtime === undefined) throw context.runtime.misunderstood(what, ['--version'], said);
  return { runtime, monitor: await askMonitor(context, options) };
}

async function askMonitor({ conmon, environment }: Context, options: CallOptions): Promise<ProgramVersion> {
  const timeLimitMs = options.timeLimitMs ?? monitorTimeLimitMs;
  const run = { ...options, timeLimitMs, environment };
  const end = await runProgram('asking the monitor for its version', [conmon, '--version'], run);
  const version = parseVersion(end.stdout);
  if (end.exitCode === 0 && version?.name === 'conmon') return version;
  const what = end.exitCode === 0 ? `${conmon} is no conmon` : 'the monitor does not tell its version';
  throw new MonitorError(
    what,
    { ...end, stderr: end.fault ?? (end.stderr || end.stdout) },
    { cause: end.cause },
  );
}
