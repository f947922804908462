// What the runtime says of a container, asked in a way that a sick runtime can't hold up, and told apart: it knows the
// container, it does not, it gives no answer.

import { RuntimeError, TimeLimitError } from '../errors.ts';
import { within } from '../limits.ts';
import type { ContainerStatus } from '../types.ts';
import type { RuntimeCommand } from './runtime-command.ts';
import { saysNoSuchContainer } from './runtime-words.ts';

/** A runtime that failed, talked nonsense, or hangs. */
export type NoAnswer = RuntimeError | TimeLimitError;

/** Asks once. `'absent'` where the runtime says that it has no such container. No answer is returned, not thrown. */
export async function askStatus(
  runtime: RuntimeCommand,
  id: string,
  timeLimitMs: number,
): Promise<ContainerStatus | 'absent' | NoAnswer> {
  const args = ['state', id];
  const output = await callRuntime(runtime, `asking for the state of container ${id}`, args, timeLimitMs);
  if (typeof output !== 'string')
    return output instanceof RuntimeError && saysNoSuchContainer(output.words) ? 'absent' : output;
  try {
    return parseStatus(output, [runtime.file, ...runtime.args, ...args]);
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}

/** Runs a sub-command. Resolves with its standard output, or with its failure, within the time limit: also where
 * something that the runtime has left behind still holds its output. */
export async function callRuntime(
  runtime: RuntimeCommand,
  what: string,
  args: readonly string[],
  timeLimitMs = runtime.timeLimitMs,
): Promise<string | NoAnswer> {
  try {
    return await within(runtime.run(what, args, { timeLimitMs }), { timeLimitMs }, what);
  } catch (error) {
    if (error instanceof RuntimeError || error instanceof TimeLimitError) return error;
    throw error;
  }
}

/** The status in what `state` prints. Throws a {@link RuntimeError} where there is none that is known. */
export function parseStatus(output: string, command: readonly string[]): ContainerStatus {
  const status = readStatus(output);
  const known = statuses.find(word => word === status);
  if (known !== undefined) return known;
  const words = status === undefined ? 'its answer is no state' : `its answer has the status '${status}'`;
  throw new RuntimeError('the runtime can’t be understood', words, { command, exitCode: 0, stderr: '' });
}

const statuses: readonly ContainerStatus[] = ['creating', 'created', 'running', 'paused', 'stopped'];

function readStatus(output: string): string | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return typeof value === 'object' && value !== null && 'status' in value
      ? String(value.status).slice(0, statusLengthMax)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What is quoted in an error. */
const statusLengthMax = 100;
