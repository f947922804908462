// Calls of the OCI runtime's command line.

import { boundText } from '../bound-text.ts';
import type { Environment } from '../environment.ts';
import { RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { CallOptions } from '../types.ts';
import type { RuntimeProgram } from './oci-runtime.ts';
import { runProgram } from './run-program.ts';
import { extractRuntimeWords } from './runtime-words.ts';

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
   * or the signal's reason; the runtime and its process group are killed then. `input` is given to its standard
   * input. */
  async run(what: string, args: readonly string[], limits: CallOptions, input?: string): Promise<string> {
    const { environment, logger } = this.#calls;
    const timeLimitMs = limits.timeLimitMs ?? this.timeLimitMs;
    const command = [this.file, ...this.args, ...args] as const;
    const begunMs = performance.now();
    const end = await runProgram(what, command, { ...limits, timeLimitMs, environment, input });
    const durationMs = performance.now() - begunMs;
    logger.debug({ command, exitCode: end.exitCode, durationMs }, what);
    if (end.exitCode === 0 && end.fault === undefined) return end.stdout;
    throw new RuntimeError(what, end.fault ?? extractRuntimeWords(end.stderr), end, { cause: end.cause });
  }

  /** The error for an answer of a sub-command that says nothing one could know. */
  misunderstood(what: string, args: readonly string[], answer: string): RuntimeError {
    const words = `its answer can’t be understood: ${boundText(answer.trim(), quoteLengthMax)}`;
    const command = [this.file, ...this.args, ...args];
    return new RuntimeError(what, words, { command, exitCode: 0, stderr: '' });
  }
}

/** Enough to see what it is. */
const quoteLengthMax = 200;
