// How a monitor ends: the last acts in their order, whatever the end is.

import {
  combineExitStatuses,
  describeNotStarted,
  runExitCommand,
  type Waiting,
} from '../exit/exit-command.ts';
import { writeExitFiles } from '../exit/exit-files.ts';
import { readWaitStatus, unknownExitStatus } from '../exit/exit-status.ts';
import { type Ending, type LastAct, lastActs } from '../lifecycle/last-acts.ts';
import { closeParkedFds } from '../parent/inherited-fds.ts';
import { parsePid, pidFileBytesMax } from '../runtime/pid-file.ts';
import { readFile } from '../sys/files.ts';
import { utf8Bytes } from '../sys/text.ts';
import { describeError } from './describe-error.ts';
import type { Parts } from './parts.ts';

const exitFailure = 1;
/** An exit status that is none: --timeout ended the container. */
const timedOutStatus = -1;
/** What conmon says to an exec's caller then; CRI-O compares it. */
const timedOutMessage = 'command timed out';
/** How long the exit files wait for clients that have not yet read all output. They are served on after that. */
const clientsGraceMs = 2000;
/** How long a client may take nothing of what waits for it, once the container has ended. */
const stuckClientMs = 10_000;
/** How long a process that --timeout killed may take to be gone. */
const killGraceMs = 1000;

export class End {
  /** Why there is no container, for the caller. */
  failureWords: Uint8Array | undefined;
  readonly #parts: Parts;
  readonly #done = new Set<LastAct>();
  #exitCommandStatus = 0;
  /** Our own exit status, if the exit command does not fail and nothing goes wrong any more. */
  #ownStatus: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Performs the last acts. Returns the monitor's own exit status. */
  end(ending: Ending): number {
    const { processes } = this.#parts;
    if (processes.facts.timedOut) this.#killTimedOut();
    this.#ownStatus = ending === 'exited' ? this.#exitStatus() & 0xff : exitFailure;
    for (const act of lastActs(ending)) this.#perform(act);
    this.#serveSlowClients();
    return combineExitStatuses(this.#ownStatus, this.#exitCommandStatus);
  }

  /** The last acts after an error, ours or the system's. Nothing that goes wrong in one keeps the next from being
   * done. Returns the monitor's own exit status. */
  breakOff(error: unknown): number {
    const { messages, processes } = this.#parts;
    messages.error(describeError(error));
    this.failureWords ??= utf8Bytes(error instanceof Error ? error.message : String(error));
    const hadContainer = processes.facts.containerPid !== undefined;
    for (const act of lastActs(hadContainer ? 'broken' : 'broken-start')) {
      try {
        this.#perform(act);
      } catch (another) {
        messages.error(`${act}: ${describeError(another)}`);
      }
    }
    return exitFailure;
  }

  /** Once: an end that breaks in its middle goes on where it was, and a caller who has taken an exit file away does
   * not get a second one. */
  #perform(act: LastAct): void {
    if (this.#done.has(act)) return;
    this.#acts[act]();
    this.#done.add(act);
  }

  readonly #acts: Record<LastAct, () => void> = {
    endProcesses: () => this.#parts.processes.endAll(this.#readPid()),
    checkOom: () => this.#parts.spareFd?.lend(() => this.#parts.oom?.checkAtEnd()),
    drainOutput: () => this.#parts.io.drainOutput(),
    syncLogs: () => this.#parts.logs.sync(),
    closeInheritedFds: () => this.#closeInheritedFds(),
    unlinkAttachSocket: () => this.#parts.io.unlinkAttachSocket(),
    releaseClients: () => this.#releaseClients(),
    writePersistExitFile: () => this.#writeExitFile({ persistDir: this.#parts.options.persistDir }),
    writeExitFile: () => this.#writeExitFile({ exitDir: this.#parts.options.exitDir }),
    answerSyncPipe: () => this.#answerLast(),
    closeAll: () => this.#closeAll(),
    runExitCommand: () => this.#runExitCommand(),
  };

  #closeInheritedFds(): void {
    closeParkedFds(this.#parts.sys, this.#parts.parkedFds);
    this.#parts.spareFd?.release();
  }

  /** What the runtime says is the container's pid. */
  #readPid(): number | undefined {
    const { sys, options } = this.#parts;
    const content = readFile(sys, options.containerPidfile, pidFileBytesMax);
    return typeof content === 'number' ? undefined : parsePid(content);
  }

  #killTimedOut(): void {
    const { messages, processes } = this.#parts;
    messages.info('Timed out, killing the container');
    processes.kill();
    const isOver = this.#startTimer(killGraceMs);
    this.#turnUntil(() => processes.facts.containerStatus !== undefined || isOver());
  }

  /** Clients that read get all of it before the exit files appear; those that do not are no reason to wait long. */
  #releaseClients(): void {
    const { io } = this.#parts;
    io.letGoOfStuckClientsAfter(stuckClientMs);
    const isOver = this.#startTimer(clientsGraceMs);
    this.#turnUntil(() => io.pendingForClients === 0 || isOver());
    if (io.pendingForClients === 0) io.closeClients();
  }

  /** Those that are slower than the exit command get the rest of the output. A signal ends the waiting, and so does a
   * client that takes nothing. */
  #serveSlowClients(): void {
    const { io, processes } = this.#parts;
    processes.forgetStopSignal();
    this.#turnUntil(() => io.pendingForClients === 0 || processes.stopSignal !== 0);
    io.closeClients();
  }

  #turnUntil(isDone: () => boolean): void {
    while (!isDone()) this.#parts.reactor.turn();
  }

  #startTimer(ms: number): () => boolean {
    let over = false;
    this.#parts.reactor.after(ms, () => {
      over = true;
    });
    return () => over;
  }

  #writeExitFile(place: { persistDir?: string | undefined; exitDir?: string | undefined }): void {
    const { sys, options, warn } = this.#parts;
    writeExitFiles(sys, { ...place, cid: options.cid }, this.#exitStatus(), warn);
  }

  /** 0 to 255, or -1. */
  #exitStatus(): number {
    const { timedOut, containerStatus } = this.#parts.processes.facts;
    if (timedOut) return timedOutStatus;
    return typeof containerStatus === 'number' ? readWaitStatus(containerStatus) : unknownExitStatus;
  }

  /** An exec's status; for a caller who still waits for a pid, that there is none, and why. */
  #answerLast(): void {
    const { options, processes, syncPipe } = this.#parts;
    const { containerPid, timedOut } = processes.facts;
    const waitsForPid = !options.exec || options.apiVersion >= 1;
    if (containerPid === undefined || (waitsForPid && !syncPipe.hasReported)) {
      if (!syncPipe.hasReported) syncPipe.report(-1, this.failureWords);
    } else if (options.exec) {
      syncPipe.report(this.#exitStatus(), timedOut ? utf8Bytes(timedOutMessage) : undefined);
    }
    syncPipe.close();
  }

  #closeAll(): void {
    const { io, notify, oom, logs } = this.#parts;
    io.close();
    oom?.close();
    logs.close();
    notify?.close(); // last: it may wait
  }

  #runExitCommand(): void {
    const { sys, reactor, options, environ, oomScoreAdj, openFilesMax, warn } = this.#parts;
    const { exitCommand: file, exitCommandArg: args, exitDelay: delaySeconds } = options;
    if (file === undefined) return;
    const command = { file, args, delaySeconds, environ, oomScoreAdj, openFilesMax };
    const onStart = () => this.#done.add('runExitCommand'); // begun is as good as done
    const waiting = this.#waiting(file);
    this.#exitCommandStatus = runExitCommand(sys, reactor, command, warn, onStart, waiting);
  }

  /** Only clients who have not read all output are left when the delay begins. */
  #waiting(file: string): Waiting | undefined {
    const { sys, io, messages } = this.#parts;
    const ownStatus = this.#ownStatus;
    if (ownStatus === undefined) return undefined; // broken off
    return {
      isNeeded: () => io.pendingForClients > 0,
      handOver: (plan, leftMs) => {
        io.closeClients();
        sys.endInCommand(plan, leftMs, ownStatus, messages.prepareWarning(describeNotStarted(file)));
      },
    };
  }
}
