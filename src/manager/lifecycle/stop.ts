// Stopping a container: when this is done the process is gone, the exit file read, and the runtime agrees, so that
// the root file system can be unmounted. Asking again joins the stop that runs. A runtime that does not do its part is
// not waited for: what can be done without it is done first, and it is complained of at the end.

import { setTimeout as sleep } from 'node:timers/promises';
import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { startTimer, type Timer } from '../durations.ts';
import { TimeLimitError } from '../errors.ts';
import { within } from '../limits.ts';
import { PatientRuntime, runtimeDelaysMs } from '../oci/patient-runtime.ts';
import {
  endContainer,
  type KillTarget,
  killCgroups,
  thawContainer,
  tryKilling,
} from '../processes/kill-container.ts';
import { signalProcess } from '../processes/signal-process.ts';
import { formatSignal, numberOfSignal } from '../processes/signals.ts';
import { readIncarnation } from '../state/incarnation.ts';
import { formatIncarnation, requireId } from '../state/layout.ts';
import { type ConfigRecord, readConfig } from '../state/records.ts';
import type { ContainerExit, ContainerStatus, StopOptions } from '../types.ts';
import { type ContainerProcesses, findProcesses, waitForExitFile, waitForProcess } from './endings.ts';

/** Podman's default, and Docker's. */
const stopTimeoutMs = 10_000;

/** How long the monitor may take to drain what the process left, and to sync the log. */
const exitFileLimitMs = 60_000;

/** How long a process that the runtime says it has killed may take before we kill it ourselves. */
const killGraceMs = 500;

/** The stops under way of one {@link Runtime}. */
export class Stops {
  readonly #stops = new Map<string, Stop>();

  /** Stops a container, once it has been created where that is still under way. Resolves with how it ended; for one
   * that is gone already too. Rejects with {@link NotFoundError} where nothing is known of it, with
   * {@link TimeLimitError} where a killed process does not go; with that or {@link RuntimeError} where it has gone and
   * the runtime does not say so. A limit or a signal of the caller ends its waiting, not the stop that others may have
   * joined. */
  async stop(context: Context, id: string, options: StopOptions): Promise<ContainerExit> {
    requireId(id);
    const incarnation = options.incarnation ?? readIncarnation(context.layout, id)?.incarnation;
    const key = formatIncarnation(id, incarnation ?? '');
    let stop = this.#stops.get(key);
    if (!stop) {
      stop = new Stop(context, id, { ...options, ...(incarnation ? { incarnation } : {}) });
      this.#stops.set(key, stop);
      const forget = () => this.#stops.delete(key);
      stop.done.then(forget, forget);
    }
    stop.killAfter(options.timeoutMs ?? stopTimeoutMs);
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
  readonly #options: StopOptions;
  readonly #killNow = Promise.withResolvers<void>();
  /** The shortest of those who joined before the stop signal, from which it counts. */
  #timeoutMs = Number.POSITIVE_INFINITY;
  #signalled = false;
  #killAtMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(context: Context, id: string, options: StopOptions) {
    this.#context = context;
    this.#id = id;
    this.#options = options;
    this.done = this.#run().finally(() => this.#timer?.stop());
  }

  /** Brings SIGKILL forward, never back: the most impatient of those who joined has its way. */
  killAfter(timeoutMs: number): void {
    this.#timeoutMs = Math.min(this.#timeoutMs, timeoutMs);
    if (this.#signalled) this.#killBy(performance.now() + timeoutMs);
  }

  async #run(): Promise<ContainerExit> {
    const waiting = new AbortController();
    try {
      const processes = await findProcesses(this.#context, this.#id, waiting.signal, this.#options);
      const config = readConfig(processes.paths);
      const context = config ? contextOf(this.#context, config) : this.#context;
      const runtime = new PatientRuntime(context, processes.paths);
      if (config) await this.#endAll(runtime, config, processes, waiting.signal);
      const exit = await this.#waitForExitFile(processes);
      await runtime.agrees(exit);
      return exit;
    } finally {
      waiting.abort();
    }
  }

  #killBy(timeMs: number): void {
    if (timeMs >= this.#killAtMs) return;
    this.#killAtMs = timeMs;
    this.#timer?.stop();
    const delayMs = timeMs - performance.now();
    if (delayMs <= 0) this.#killNow.resolve();
    else this.#timer = startTimer(delayMs, () => this.#killNow.resolve());
  }

  async #endAll(
    runtime: PatientRuntime,
    config: ConfigRecord,
    { process, monitor, cgroups }: ContainerProcesses,
    signal: AbortSignal,
  ): Promise<void> {
    const { ownPidNamespace } = config;
    const target = { process, monitor, cgroups, ownPidNamespace };
    const gone = waitForProcess(process, signal);
    gone.catch(() => {});
    if (process) await this.#end(runtime, target, config.stopSignal, gone);
    if (!ownPidNamespace) await this.#killRest(runtime, target);
  }

  async #end(
    runtime: PatientRuntime,
    target: KillTarget,
    imageSignal: string | number,
    gone: Promise<void>,
  ): Promise<void> {
    let ended = false;
    const noted = gone.then(() => {
      ended = true;
    });
    noted.catch(() => {});
    const status = await runtime.askStatus();
    // A container that was created and never started has nobody to hear a polite signal.
    if (status !== 'created' && this.#timeoutMs > 0 && !ended) {
      this.#signalled = true;
      this.#killBy(performance.now() + this.#timeoutMs);
      await this.#sendStopSignal(runtime, target, status, this.#options.stopSignal ?? imageSignal);
      await Promise.race([noted, this.#killNow.promise]);
    }
    if (!ended) await this.#kill(runtime, target, status, noted);
  }

  async #sendStopSignal(
    runtime: PatientRuntime,
    target: KillTarget,
    status: ContainerStatus | undefined,
    signal: string | number,
  ): Promise<void> {
    const sent = await runtime.try('signalling', ['kill', this.#id, formatSignal(signal)]);
    const number = numberOfSignal(signal);
    if (sent === undefined && number !== undefined && target.process)
      await tryKilling(this.#context, this.#id, signalProcess(target.process, number));
    await this.#thaw(runtime, target, status);
  }

  async #kill(
    runtime: PatientRuntime,
    target: KillTarget,
    status: ContainerStatus | undefined,
    noted: Promise<void>,
  ): Promise<void> {
    const killed = await runtime.try('killing', ['kill', this.#id, 'KILL']);
    if (killed !== undefined) {
      await this.#thaw(runtime, target, status);
      if (await this.#goesWithin(killGraceMs, noted)) return;
    }
    await endContainer(this.#context, this.#id, target);
  }

  async #goesWithin(timeLimitMs: number, noted: Promise<void>): Promise<boolean> {
    try {
      await within(noted, { timeLimitMs }, 'its end');
      return true;
    } catch (error) {
      if (error instanceof TimeLimitError) return false;
      throw error;
    }
  }

  /** A frozen process acts on no signal. */
  async #thaw(
    runtime: PatientRuntime,
    target: KillTarget,
    status: ContainerStatus | undefined,
  ): Promise<void> {
    if (status !== undefined && status !== 'paused') return;
    if ((await runtime.try('resuming', ['resume', this.#id])) === undefined) thawContainer(target);
  }

  /** Without a PID namespace of its own, a container's other processes outlive its first, and hold its mounts. */
  async #killRest(runtime: PatientRuntime, target: KillTarget): Promise<void> {
    if (await killCgroups(target)) return;
    await runtime.try('killing the rest of', ['kill', '--all', this.#id, 'KILL']);
    for (const delayMs of runtimeDelaysMs) {
      await sleep(delayMs);
      const listed = await runtime.try('listing', ['ps', '--format', 'json', this.#id]);
      // Where the runtime has no such list, or no such container any more, nothing more can be learnt.
      if (listed === undefined || /^(null|\[\s*\])?$/.test(listed.trim())) return;
    }
    throw new TimeLimitError(`the end of all processes of container ${this.#id}`, sum(runtimeDelaysMs));
  }

  async #waitForExitFile({ paths, monitor }: ContainerProcesses): Promise<ContainerExit> {
    const limit = AbortSignal.timeout(exitFileLimitMs);
    return waitForExitFile(paths, monitor, limit).catch(error => {
      throw limit.aborted
        ? new TimeLimitError(`the exit file of container ${this.#id}`, exitFileLimitMs, { cause: error })
        : error;
    });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
