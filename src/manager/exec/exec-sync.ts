// Running a command in a container to its end, and collecting what it says: what CRI calls ExecSync.

import type { Readable } from 'node:stream';
import type { Context } from '../context.ts';
import { ExecTimeoutError } from '../errors.ts';
import { within } from '../limits.ts';
import type { ExecResult, ExecSyncOptions } from '../types.ts';
import { execInContainer } from './exec.ts';

/** CRI-O's limit for ExecSync (its `--log-global-size-max`). */
const outputLimitBytesDefault = 16 * 1024 * 1024;

/** Runs a command and returns its exit code and output, byte for byte. Rejects with {@link ExecTimeoutError} where
 * it ran too long, and as {@link execInContainer}. */
export async function execSync(context: Context, id: string, options: ExecSyncOptions): Promise<ExecResult> {
  const { input, outputLimitBytes = outputLimitBytesDefault, signal } = options;
  const session = await execInContainer(context, id, { ...options, stdin: input !== undefined });
  if (input !== undefined) session.stdin.end(input);
  const collecting = Promise.all([
    session.ended,
    collect(session.stdout, outputLimitBytes),
    collect(session.stderr, outputLimitBytes),
  ]);
  const [end, stdout, stderr] = await within(collecting, signal ? { signal } : {}, '').catch(error => {
    session.kill('SIGKILL'); // nobody collects what it says
    throw error;
  });
  const output = { stdout: stdout.bytes, stderr: stderr.bytes };
  if (end.timedOut) throw new ExecTimeoutError(options.timeoutMs ?? 0, output);
  return { exitCode: end.exitCode, ...output, truncated: stdout.truncated || stderr.truncated };
}

async function collect(stream: Readable, limit: number): Promise<{ bytes: Buffer; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  let truncated = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const kept = chunk.subarray(0, limit - length);
    truncated ||= kept.length < chunk.length;
    if (kept.length > 0) chunks.push(kept);
    length += kept.length;
  }
  return { bytes: Buffer.concat(chunks), truncated };
}
