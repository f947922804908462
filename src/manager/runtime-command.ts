// Calls of the OCI runtime's command line.

import { execa } from 'execa';
import type { Environment } from './environment.ts';
import { RuntimeError, TimeLimitError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { RuntimeProgram } from './oci-runtime.ts';
import { extractRuntimeWords } from './runtime-words.ts';
import type { CallOptions } from './types.ts';
import { findWorkingDirectory } from './working-directory.ts';

/** More than any runtime has to say; a runtime that goes on for ever is cut off. */
const outputBytesMax = 4 * 1024 * 1024;

/** How calls are made, whichever the runtime. */
export interface RuntimeCalls {
  readonly environment: Environment;
  /** Where the call gives none. */
  readonly timeLimitMs: number;
  readonly logger: Logger;
}

/** Runs the OCI runtime. */
export class RuntimeCommand {
  /** Absolute path. */
  readonly file: string;
  /** Everything before the sub-command. */
  readonly args: readonly string[];
  readonly #calls: RuntimeCalls;

  constructor({ file, args }: RuntimeProgram, calls: RuntimeCalls) {
    this.file = file;
    this.args = args;
    this.#calls = calls;
  }

  /** For each sub-command that is given no other. */
  get timeLimitMs(): number {
    return this.#calls.timeLimitMs;
  }

  /** Another runtime, called in the same way. */
  as(program: RuntimeProgram): RuntimeCommand {
    return new RuntimeCommand(program, this.#calls);
  }

  /** Runs a sub-command and returns its standard output. Rejects with {@link RuntimeError}, {@link TimeLimitError}
   * or the signal's reason; the process is gone in each case. `input` is given to its standard input. */
  async run(what: string, args: readonly string[], limits: CallOptions, input?: string): Promise<string> {
    limits.signal?.throwIfAborted();
    const command = [this.file, ...this.args, ...args];
    const timeLimitMs = limits.timeLimitMs ?? this.timeLimitMs;
    const result = await execa(this.file, [...this.args, ...args], {
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      cwd: findWorkingDirectory(),
      env: this.#calls.environment,
      extendEnv: false,
      reject: false,
      stripFinalNewline: false,
      maxBuffer: outputBytesMax,
      killSignal: 'SIGKILL',
      timeout: Math.max(1, timeLimitMs),
      ...(limits.signal === undefined ? {} : { cancelSignal: limits.signal }),
    });
    this.#calls.logger.debug({ command, exitCode: result.exitCode, durationMs: result.durationMs }, what);
    if (!result.failed) return result.stdout ?? '';
    limits.signal?.throwIfAborted();
    if (result.timedOut) throw new TimeLimitError(what, timeLimitMs);
    const stderr = result.stderr ?? '';
    const words =
      extractRuntimeWords(stderr) || (result.exitCode === undefined ? result.originalMessage : '') || '';
    const { exitCode, signal } = result;
    throw new RuntimeError(what, words, { command, exitCode, signal, stderr }, { cause: result.cause });
  }
}
