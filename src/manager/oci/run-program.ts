// Running a program to its end, with bounds for its time and its output.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Environment } from '../environment.ts';
import type { CommandFailure } from '../errors.ts';
import { errorCode } from '../files.ts';
import { within } from '../limits.ts';
import type { CallOptions } from '../types.ts';
import { findWorkingDirectory } from '../working-directory.ts';
import { killGroup, noteProgram } from './live-programs.ts';

/** How one is run. */
export interface ProgramRun extends CallOptions {
  readonly timeLimitMs: number;
  readonly environment: Environment;
  /** For its standard input. */
  readonly input?: string | undefined;
}

/** How it ended. */
export interface ProgramEnd extends CommandFailure {
  readonly stdout: string;
  /** Why what it wrote and its exit code do not count: the file can't be executed, or it wrote for ever. */
  readonly fault?: string;
  readonly cause?: unknown;
}

/** Runs a program in a process group of its own, which is killed where it writes too much, its time is over or the
 * signal is aborted. Rejects in the last two cases, with {@link TimeLimitError} and the signal's reason, and with the
 * system's error where no program can be started at all. */
export async function runProgram(
  what: string,
  command: readonly [string, ...string[]],
  run: ProgramRun,
): Promise<ProgramEnd> {
  run.signal?.throwIfAborted();
  const [file, ...args] = command;
  const child = spawn(file, args, {
    cwd: findWorkingDirectory(),
    env: run.environment,
    stdio: [run.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const forget = noteProgram(child);
  const flood = Promise.withResolvers<'flooded'>();
  const listen = (stream: Readable | null) => new Output(stream, () => flood.resolve('flooded'));
  const [stdout, stderr] = [listen(child.stdout), listen(child.stderr)];
  child.stdin?.on('error', () => {}); // it need not read
  child.stdin?.end(run.input);
  const ended = waitForEnd(child);
  const describeEnd = () => ({
    command,
    exitCode: child.exitCode ?? undefined,
    signal: child.signalCode ?? undefined,
    stdout: stdout.text(),
    stderr: stderr.text(),
  });
  try {
    const how = await within(Promise.race([ended, flood.promise]), run, what, () => ({
      command,
      stderr: stderr.text(),
    }));
    if (how === 'ended') return describeEnd();
    await kill(child, ended);
    return { ...describeEnd(), fault: `it wrote more than ${outputBytesMax} bytes, and was killed` };
  } catch (error) {
    await kill(child, ended);
    if (run.signal?.aborted || !(error instanceof Error) || !unrunnable.has(errorCode(error) ?? ''))
      throw error;
    return { ...describeEnd(), exitCode: undefined, fault: error.message, cause: error };
  } finally {
    forget();
    // Where there was no descriptor for the pipes there is no list of them either.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }
}

/** More than any runtime has to say; one that goes on for ever is cut off. */
const outputBytesMax = 4 * 1024 * 1024;

/** These are the file's fault. Others, EMFILE or EAGAIN, are the system's. */
const unrunnable: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENOEXEC', 'ELOOP']);

async function waitForEnd(child: ChildProcess): Promise<'ended'> {
  const closed = once(child, 'close');
  closed.catch(() => {});
  await once(child, 'exit');
  // What it left may hold the pipes open for ever.
  await within(closed, { timeLimitMs: lastWordsMs }, 'reading the last words').catch(() => {});
  return 'ended';
}

/** What a process that has ended wrote is in the pipe already, and read within a few turns. */
const lastWordsMs = 100;

/** Kills the program with all that it started, and waits for its end. */
async function kill(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  killGroup(child);
  await within(ended, { timeLimitMs: killLimitMs }, 'the end of a killed program').catch(() => {});
}

/** A process that hangs in the kernel may not go at all. */
const killLimitMs = 2_000;

class Output {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(stream: Readable | null, onFlood: () => void) {
    stream?.on('error', () => {}); // then it has ended
    stream?.on('data', (chunk: Buffer) => {
      if (this.#length + chunk.length > outputBytesMax) return onFlood();
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
