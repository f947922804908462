// Stopping a container: when this is done the process is gone, the exit file read, and the runtime agrees, so that
// the root file system can be unmounted. Asking again joins the stop that runs.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, pathsOf } from './context.ts';
import { waitForEnd, waitForExitFile } from './endings.ts';
import { NotFoundError, RuntimeError, TimeLimitError } from './errors.ts';
import { within } from './limits.ts';
import { readConfig } from './records.ts';
import { saysNoSuchContainer } from './runtime-words.ts';
import { askRuntime } from './state.ts';
import type { ContainerExit, ContainerStatus, StopOptions } from './types.ts';

/** Podman's default, and Docker's. */
const stopTimeoutMs = 10_000;

/** How long a killed process may take to go: one that hangs in the kernel may take for ever. */
const killLimitMs = 30_000;

/** How long the monitor may take to drain what the process left, and to sync the log. */
const exitFileLimitMs = 60_000;

/** The runtime has no event for what it thinks: it is asked after such pauses. */
const runtimeDelaysMs = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

/** The stops under way of one {@link Runtime}. */
export class Stops {
  readonly #context: Context;
  readonly #stops = new Map<string, Stop>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Stops a container. Resolves with how it ended; for one that is gone already too. Rejects with
   * {@link NotFoundError} where nothing is known of it, with {@link TimeLimitError} where a killed process does not
   * go. A limit or a signal of the caller ends its waiting, not the stop that others may have joined. */
  async stop(id: string, options: StopOptions): Promise<ContainerExit> {
    let stop = this.#stops.get(id);
    if (!stop) {
      stop = new Stop(this.#context, id, options);
      this.#stops.set(id, stop);
      const forget = () => this.#stops.delete(id);
      stop.done.then(forget, forget);
    }
    stop.killBy(performance.now() + (options.timeoutMs ?? stopTimeoutMs));
    return within(stop.done, options, `stopping container ${id}`);
  }

  /** All that are under way, also those that nobody waits for any more. */
  underway(): Promise<unknown>[] {
    return [...this.#stops.values()].map(({ done }) => done);
  }
}

class Stop {
  readonly done: Promise<ContainerExit>;
  readonly #context: Context;
  readonly #id: string;
  readonly #signalGiven: string | number | undefined;
  readonly #killNow = Promise.withResolvers<void>();
  #killAtMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: Context, id: string, options: StopOptions) {
    this.#context = context;
    this.#id = id;
    this.#signalGiven = options.stopSignal;
    this.done = this.#run().finally(() => clearTimeout(this.#timer));
  }

  /** Brings SIGKILL forward, never back: the most impatient of those who joined has its way. */
  killBy(timeMs: number): void {
    if (timeMs >= this.#killAtMs) return;
    this.#killAtMs = timeMs;
    clearTimeout(this.#timer);
    const delayMs = timeMs - performance.now();
    if (delayMs <= 0) this.#killNow.resolve();
    else this.#timer = setTimeout(() => this.#killNow.resolve(), delayMs);
  }

  async #run(): Promise<ContainerExit> {
    const waiting = new AbortController();
    try {
      const gone = waitForEnd(this.#context, this.#id, 'stopped', waiting.signal);
      gone.catch(() => {});
      await this.#end(gone);
    } finally {
      waiting.abort();
    }
    await this.#killRest();
    const limit = AbortSignal.timeout(exitFileLimitMs);
    const exit = await waitForExitFile(this.#context, this.#id, limit).catch(error => {
      throw limit.aborted
        ? new TimeLimitError(`the exit file of container ${this.#id}`, exitFileLimitMs, { cause: error })
        : error;
    });
    await this.#waitForRuntime();
    return exit;
  }

  async #end(gone: Promise<unknown>): Promise<void> {
    let ended = false;
    const noted = gone.then(() => {
      ended = true;
    });
    noted.catch(() => {});
    const status = await this.#askStatus();
    if (status === undefined || status === 'stopped') return noted;
    // A container that was created and never started has nobody to hear a polite signal.
    if (status !== 'created' && this.#killAtMs > performance.now() && !ended) {
      await this.#send(this.#stopSignal(), status);
      await Promise.race([noted, this.#killNow.promise]);
    }
    if (ended) return;
    await this.#send('KILL', status);
    await within(noted, { timeLimitMs: killLimitMs }, `the end of container ${this.#id} after SIGKILL`);
  }

  async #send(signal: string, status: ContainerStatus): Promise<void> {
    await this.#tryRuntime('killing', ['kill', this.#id, signal]);
    // A frozen process acts on no signal.
    if (status === 'paused') await this.#tryRuntime('resuming', ['resume', this.#id]);
  }

  /** Without a PID namespace of its own, a container's other processes outlive its first, and hold its mounts. */
  async #killRest(): Promise<void> {
    if (readConfig(pathsOf(this.#context, this.#id))?.ownPidNamespace !== false) return;
    await this.#tryRuntime('killing the rest of', ['kill', '--all', this.#id, 'KILL']);
    for (const delayMs of runtimeDelaysMs) {
      await sleep(delayMs);
      const listed = await this.#tryRuntime('listing', ['ps', '--format', 'json', this.#id]);
      // Where the runtime has no such list, or no such container any more, nothing more can be learnt.
      if (listed === undefined || /^(null|\[\s*\])?$/.test(listed.trim())) return;
    }
    throw new TimeLimitError(`the end of all processes of container ${this.#id}`, sum(runtimeDelaysMs));
  }

  async #waitForRuntime(): Promise<void> {
    for (const delayMs of runtimeDelaysMs) {
      await sleep(delayMs);
      const status = await this.#askStatus();
      if (status === undefined || status === 'stopped') return;
    }
    throw new TimeLimitError(
      `the runtime's word that container ${this.#id} has stopped`,
      sum(runtimeDelaysMs),
    );
  }

  /** `undefined` where the runtime does not know it. */
  async #askStatus(): Promise<ContainerStatus | undefined> {
    const asked = await askRuntime(this.#context, this.#id, {});
    if (typeof asked === 'string') return asked;
    if (saysNoSuchContainer(asked.words) || !readConfig(pathsOf(this.#context, this.#id))) return undefined;
    throw asked;
  }

  /** That a signal finds no process is not an error here: the pidfd tells. */
  async #tryRuntime(verb: string, args: readonly string[]): Promise<string | undefined> {
    try {
      return await this.#context.runtime.run(`${verb} container ${this.#id}`, args, {});
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#context.logger.debug({ id: this.#id, err: error }, 'a stop goes on without the runtime');
      return undefined;
    }
  }

  #stopSignal(): string {
    const signal = this.#signalGiven ?? readConfig(pathsOf(this.#context, this.#id))?.stopSignal ?? 'TERM';
    return formatSignal(signal);
  }
}

/** A signal as all runtimes take it: a number, or a name without SIG. */
export function formatSignal(signal: string | number): string {
  return String(signal).replace(/^SIG/, '');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
