// A runtime that is asked for its part in ending a container, and may be sick: it has its time for that and no more,
// and what it fails at is no error before everything else is done.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { NotFoundError, RuntimeError, StateError, TimeLimitError } from '../errors.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { readPhase } from '../state/phase.ts';
import { useContainer } from '../state/uses.ts';
import type { ContainerExit, ContainerStatus } from '../types.ts';
import { askStatus, callRuntime, type NoAnswer } from './runtime-status.ts';

/** How long a runtime may take for a question or a signal before we go on without it. */
const patienceMs = 2_000;

/** How long it may take, once everything is over, to say so. */
const agreementLimitMs = 10_000;

/** The runtime has no event for what it thinks: it is asked after such pauses. */
export const runtimeDelaysMs = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

export class PatientRuntime {
  readonly #context: Context;
  readonly #id: string;
  readonly #paths: ContainerPaths;
  /** One that did not come back once is not waited for again, until everything else is done. */
  #hangs = false;

  constructor(context: Context, paths: ContainerPaths) {
    this.#context = context;
    this.#id = paths.id;
    this.#paths = paths;
  }

  /** The container's status; `undefined` where the runtime gives no answer, or does not know it. */
  async askStatus(): Promise<ContainerStatus | undefined> {
    const answer = await askStatus(this.#context.runtime, this.#id, this.#limit(patienceMs));
    if (typeof answer !== 'string') this.#note(answer);
    return typeof answer === 'string' && answer !== 'absent' ? answer : undefined;
  }

  /** The output of a sub-command; `undefined` where it fails, as one for a process that has ended does too. */
  async try(verb: string, args: readonly string[]): Promise<string | undefined> {
    if (this.#hangs) return undefined;
    const what = `${verb} container ${this.#id}`;
    try {
      const answer = await useContainer(this.#paths, () =>
        callRuntime(this.#context.runtime, what, args, this.#limit(patienceMs)),
      );
      if (typeof answer === 'string') return answer;
      this.#note(answer);
    } catch (error) {
      // Whoever deletes it meanwhile kills it too.
      if (!(error instanceof NotFoundError || error instanceof StateError)) throw error;
    }
    return undefined;
  }

  /** Waits until the runtime agrees that the container has ended, or it is deleted. Rejects with the runtime's own
   * {@link RuntimeError} or a {@link TimeLimitError}, which say that it has ended nevertheless. */
  async agrees(exit: ContainerExit): Promise<void> {
    const limitMs = this.#limit(agreementLimitMs);
    const endMs = performance.now() + limitMs;
    let last: ContainerStatus | NoAnswer | undefined;
    for (const delayMs of runtimeDelaysMs) {
      await sleep(delayMs);
      const leftMs = Math.ceil(endMs - performance.now());
      if (leftMs <= 0 || !this.#isThere()) break;
      const answer = await askStatus(this.#context.runtime, this.#id, leftMs);
      if (answer === 'absent' || answer === 'stopped') return;
      last = answer;
    }
    if (this.#isThere()) throw this.#complain(last, exit, limitMs);
  }

  #complain(last: ContainerStatus | NoAnswer | undefined, exit: ContainerExit, limitMs: number): NoAnswer {
    const what = `container ${this.#id} has ended (exit code ${exit.exitCode ?? 'unknown'}), but the runtime does not say so`;
    if (last instanceof RuntimeError) return new RuntimeError(what, last.words, last, { cause: last });
    return new TimeLimitError(`${what}: its word`, limitMs, { cause: last });
  }

  #isThere(): boolean {
    return readPhase(this.#paths) !== undefined;
  }

  #note(failure: NoAnswer): void {
    if (failure instanceof TimeLimitError) this.#hangs = true;
    this.#context.logger.debug({ id: this.#id, err: failure }, 'a container is ended without the runtime');
  }

  /** No longer than the caller wants to wait for any sub-command. */
  #limit(limitMs: number): number {
    return Math.min(limitMs, this.#context.runtime.timeLimitMs);
  }
}
