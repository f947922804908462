// One container's life, from the caller's go to its exit command, told in order. Each room is opened here and handed
// what it needs of the others; the rules are in the rooms.

import { combineExitStatuses, runExitCommand } from '../exit/exit-command.ts';
import { writeExitFiles } from '../exit/exit-files.ts';
import { readWaitStatus, unknownExitStatus } from '../exit/exit-status.ts';
import { describeFailure } from '../lifecycle/failure-words.ts';
import { type Ending, type LastAct, lastActs } from '../lifecycle/last-acts.ts';
import { nextStep } from '../lifecycle/next-step.ts';
import { chooseJournaldPriority, journaldPriorityVariable } from '../logs/journald-fields.ts';
import { type Logs, openLogs } from '../logs/logs.ts';
import type { Messages } from '../messages/messages.ts';
import { type NotifyRelay, openNotifyRelay } from '../notify/notify-relay.ts';
import { shieldFromOomKiller } from '../oom/own-score.ts';
import { type OomWatch, watchOom } from '../oom/watch-oom.ts';
import type { Options } from '../options/options.ts';
import { announceAttachReady } from '../parent/attach-pipe.ts';
import {
  becomeSubreaper,
  detachStdio,
  giveVerdict,
  openDevNull,
  takeName,
  writeConmonPidfile,
} from '../parent/detach.ts';
import type { Handoff } from '../parent/handoff.ts';
import { closeParkedFds, findParentPipes, listParkedFds, type ParentPipes } from '../parent/inherited-fds.ts';
import { awaitStart } from '../parent/start-pipe.ts';
import { SyncPipe } from '../parent/sync-pipe.ts';
import { chooseReportKey } from '../parent/sync-report.ts';
import { parsePid, pidFileBytesMax } from '../runtime/pid-file.ts';
import { buildRuntimeArgv } from '../runtime/runtime-argv.ts';
import { planRuntime } from '../runtime/spawn-plan.ts';
import { findVariable, readVariable } from '../sys/environ.ts';
import { FatalError } from '../sys/errors.ts';
import { readFile } from '../sys/files.ts';
import { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes, utf8Text } from '../sys/text.ts';
import { ContainerIo } from './container-io.ts';
import { describeError } from './describe-error.ts';
import { Processes } from './processes.ts';

const exitFailure = 1;
/** An exit status that is none: --timeout ended the container. */
const timedOutStatus = -1;
/** What conmon says to an exec's caller then; CRI-O compares it. */
const timedOutMessage = 'command timed out';
/** How long the exit files wait for clients that have not yet read all output. They are served on after that. */
const clientsGraceMs = 2000;
/** How long a process that --timeout killed may take to be gone. */
const killGraceMs = 1000;

export class Monitor {
  readonly #sys: Sys;
  readonly #options: Options;
  readonly #environ: Uint8Array;
  readonly #openFilesMax: number | undefined;
  readonly #messages: Messages;
  readonly #warn: (message: string) => void;
  readonly #reactor: Reactor;
  readonly #logs: Logs;
  readonly #pipes: ParentPipes;
  readonly #syncPipe: SyncPipe;
  readonly #parkedFds: readonly number[];
  readonly #verdictFd: number;
  readonly #processes: Processes;
  readonly #io: ContainerIo;
  #notify: NotifyRelay | undefined;
  #oom: OomWatch | undefined;
  #oomScoreAdj: string | undefined;
  #answered = false;
  /** Why there is no container. */
  #failureWords: Uint8Array | undefined;
  #exitCommandStatus = 0;

  /** Throws a Refusal, or a FatalError, for what the caller is to be told on stderr. */
  constructor(sys: Sys, options: Options, handoff: Handoff, messages: Messages) {
    this.#sys = sys;
    this.#options = options;
    this.#environ = handoff.environ;
    this.#openFilesMax = handoff.openFilesMax;
    this.#messages = messages;
    this.#warn = message => messages.warn(message);
    sys.umask(0o022);
    this.#logs = openLogs(
      sys,
      {
        ...options,
        journaldPriority: chooseJournaldPriority(this.#variable(journaldPriorityVariable), this.#warn),
      },
      this.#warn,
    );
    this.#pipes = findParentPipes(
      sys,
      name => findVariable(this.#environ, name),
      handoff.inheritedFds,
      options.execAttach,
    );
    this.#parkedFds = listParkedFds(handoff.inheritedFds, this.#pipes);
    this.#syncPipe = new SyncPipe(sys, this.#pipes.sync, chooseReportKey(options), this.#warn);
    this.#verdictFd = handoff.verdictFd;
    this.#reactor = new Reactor(sys);
    this.#processes = new Processes(sys, this.#reactor, options.terminal);
    this.#io = new ContainerIo(sys, this.#reactor, options, this.#logs, this.#warn);
  }

  /** Answers the monitor's own exit status. */
  run(): number {
    try {
      this.#detach();
      this.#openSockets();
      this.#awaitAttach();
      this.#startRuntime();
      this.#turnUntil(() => this.#nextStep() !== 'wait');
      const pid = this.#identify();
      if (pid === undefined) return this.#end('not-started');
      this.#follow(pid);
      this.#turnUntil(() => this.#nextStep() !== 'wait');
      return this.#end('exited');
    } catch (error) {
      return this.#breakOff(error);
    }
  }

  // --- the start -----------------------------------------------------------------------------------------------

  /** From here on the caller learns of us by its pipes and files only. */
  #detach(): void {
    const { conmonPidfile, sync } = this.#options;
    this.#oomScoreAdj = shieldFromOomKiller(this.#sys, message => this.#messages.debug(message));
    takeName(this.#sys);
    becomeSubreaper(this.#sys);
    if (conmonPidfile !== undefined && !sync) writeConmonPidfile(this.#sys, conmonPidfile);
    if (!this.#logs.passthrough) this.#letGoOfStdio();
    giveVerdict(this.#sys, this.#verdictFd, this.#warn);
  }

  #letGoOfStdio(): void {
    const devNull = openDevNull(this.#sys);
    this.#messages.detachStderr();
    detachStdio(this.#sys, devNull);
    this.#sys.close(devNull);
  }

  #openSockets(): void {
    const { bundle, sdnotifySocket, execAttach } = this.#options;
    if (bundle === undefined) return;
    if (sdnotifySocket !== undefined) {
      const where = { bundle, socket: sdnotifySocket };
      this.#notify = openNotifyRelay(this.#sys, this.#reactor, where, this.#warn);
    }
    if (this.#logs.passthrough) return; // there is nothing to attach to
    this.#io.openSockets(bundle);
    if (execAttach) announceAttachReady(this.#sys, this.#pipes.attach, this.#warn);
  }

  /** An exec that somebody attaches to starts when they have, so that they miss nothing. */
  #awaitAttach(): void {
    const { start } = this.#pipes;
    if (start < 0) return;
    if (!this.#options.execAttach) {
      this.#sys.close(start);
      return;
    }
    let go = false;
    awaitStart(this.#sys, this.#reactor, start, () => {
      go = true;
    });
    this.#turnUntil(() => go || this.#processes.stopSignal !== 0);
  }

  #startRuntime(): void {
    const { stopSignal, facts } = this.#processes;
    if (stopSignal !== 0)
      throw new FatalError(`Ended by signal ${stopSignal} before the runtime was started`);
    const consoleSocket = this.#options.terminal
      ? this.#io.openConsoleSocket(this.#variable('TMPDIR') || '/tmp', () => {
          facts.consoleHere = true;
        })
      : undefined;
    const devNull = openDevNull(this.#sys);
    const stdio = this.#io.openPipes(devNull);
    const plan = planRuntime({
      argv: buildRuntimeArgv(this.#options, consoleSocket),
      environ: this.#environ,
      stdio: this.#logs.passthrough ? [0, 1, 2] : stdio,
      passedFds: this.#parkedFds,
      oomScoreAdj: this.#oomScoreAdj,
      openFilesMax: this.#openFilesMax,
      replaceListenPid: this.#options.replaceListenPid,
      ownPid: this.#sys.getpid(),
    });
    this.#processes.startRuntime(plan);
    this.#sys.close(devNull);
    this.#io.closeTheirPipes();
    if (this.#logs.passthrough) this.#letGoOfStdio();
  }

  /** The container's pid; undefined, with the reason in #failureWords, where there is none. */
  #identify(): number | undefined {
    this.#io.endConsoleSocket();
    const step = this.#nextStep();
    const path = this.#options.containerPidfile;
    const content = readFile(this.#sys, path, pidFileBytesMax);
    const pid = typeof content === 'number' ? undefined : parsePid(content);
    if (step === 'identify' && pid !== undefined) return pid;

    const words = this.#io.readRuntimeWords();
    if (words.length > 0) this.#warn(`runtime stderr: ${utf8Text(words)}`);
    const reason = describeFailure(step, {
      exec: this.#options.exec,
      runtimeStatus: readWaitStatus(this.#processes.facts.runtimeStatus ?? 0),
      pidFile: path,
      pidFileError: typeof content === 'number' ? content : 0,
    });
    this.#messages.error(reason);
    this.#failureWords = words.length > 0 ? words : utf8Bytes(reason);
    return undefined;
  }

  // --- while it runs -------------------------------------------------------------------------------------------

  #follow(pid: number): void {
    const { apiVersion, exec, bundle, persistDir, timeout } = this.#options;
    this.#messages.debug(`container PID: ${pid}`);
    this.#processes.follow(pid);
    if (!exec || apiVersion >= 1) this.#answer(pid);
    this.#oom = watchOom(this.#sys, this.#reactor, { pid, bundle, persistDir, joined: exec }, this.#messages);
    this.#io.settleStderr();
    if (timeout <= 0) return;
    this.#reactor.after(timeout * 1000, () => {
      this.#processes.facts.timedOut ||= this.#processes.facts.containerStatus === undefined;
    });
  }

  #turnUntil(isDone: () => boolean): void {
    while (!isDone()) this.#reactor.turn();
  }

  #nextStep() {
    return nextStep(this.#processes.facts);
  }

  // --- the end -------------------------------------------------------------------------------------------------

  #end(ending: Ending): number {
    if (this.#processes.facts.timedOut) this.#killTimedOut();
    for (const act of lastActs(ending)) this.#perform(act);
    this.#turnUntil(() => this.#io.pendingForClients === 0); // clients that are slower than the exit command
    this.#io.closeClients();
    const status = ending === 'exited' ? this.#exitStatus() & 0xff : exitFailure;
    return combineExitStatuses(status, this.#exitCommandStatus);
  }

  /** The last acts after an error, ours or the system's. Nothing that goes wrong in one keeps the next from being
   * done. */
  #breakOff(error: unknown): number {
    this.#messages.error(describeError(error));
    this.#failureWords ??= utf8Bytes(error instanceof Error ? error.message : String(error));
    const hadContainer = this.#processes.facts.containerPid !== undefined;
    for (const act of lastActs(hadContainer ? 'broken' : 'not-started')) {
      try {
        this.#perform(act);
      } catch (another) {
        this.#messages.error(`${act}: ${describeError(another)}`);
      }
    }
    return exitFailure;
  }

  /** Once: an end that breaks in its middle goes on where it was, and a caller who has taken an exit file away does
   * not get a second one. */
  #perform(act: LastAct): void {
    if (this.#done.has(act)) return;
    this.#lastActs[act]();
    this.#done.add(act);
  }

  readonly #done = new Set<LastAct>();

  readonly #lastActs: Record<LastAct, () => void> = {
    checkOom: () => this.#oom?.checkAtEnd(),
    drainOutput: () => this.#io.drainOutput(),
    syncLogs: () => this.#logs.sync(),
    closeInheritedFds: () => closeParkedFds(this.#sys, this.#parkedFds),
    unlinkAttachSocket: () => this.#io.unlinkAttachSocket(),
    releaseClients: () => this.#releaseClients(),
    writePersistExitFile: () => this.#writeExitFile({ persistDir: this.#options.persistDir }),
    writeExitFile: () => this.#writeExitFile({ exitDir: this.#options.exitDir }),
    answerSyncPipe: () => this.#answerLast(),
    closeAll: () => this.#closeAll(),
    runExitCommand: () => this.#runExitCommand(),
  };

  #killTimedOut(): void {
    this.#messages.info('Timed out, killing the container');
    this.#processes.kill();
    const isOver = this.#startTimer(killGraceMs);
    this.#turnUntil(() => this.#processes.facts.containerStatus !== undefined || isOver());
  }

  /** Clients that read get all of it before the exit files appear; those that do not are no reason to wait long. */
  #releaseClients(): void {
    const isOver = this.#startTimer(clientsGraceMs);
    this.#turnUntil(() => this.#io.pendingForClients === 0 || isOver());
    if (this.#io.pendingForClients === 0) this.#io.closeClients();
  }

  #startTimer(ms: number): () => boolean {
    let over = false;
    this.#reactor.after(ms, () => {
      over = true;
    });
    return () => over;
  }

  #writeExitFile(place: { persistDir?: string | undefined; exitDir?: string | undefined }): void {
    writeExitFiles(this.#sys, { ...place, cid: this.#options.cid }, this.#exitStatus(), this.#warn);
  }

  /** 0 to 255, or -1. */
  #exitStatus(): number {
    const { timedOut, containerStatus } = this.#processes.facts;
    if (timedOut) return timedOutStatus;
    return typeof containerStatus === 'number' ? readWaitStatus(containerStatus) : unknownExitStatus;
  }

  #answer(value: number, message?: Uint8Array): void {
    this.#syncPipe.report(value, message);
    this.#answered = true;
  }

  /** An exec's status; for a caller who still waits for a pid, that there is none, and why. */
  #answerLast(): void {
    const { containerPid, timedOut } = this.#processes.facts;
    const waitsForPid = !this.#options.exec || this.#options.apiVersion >= 1;
    if (containerPid === undefined || (waitsForPid && !this.#answered)) {
      if (!this.#answered) this.#answer(-1, this.#failureWords);
    } else if (this.#options.exec) {
      this.#answer(this.#exitStatus(), timedOut ? utf8Bytes(timedOutMessage) : undefined);
    }
    this.#syncPipe.close();
  }

  #closeAll(): void {
    this.#io.close();
    this.#notify?.close();
    this.#oom?.close();
    this.#logs.close();
  }

  #runExitCommand(): void {
    const { exitCommand: file, exitCommandArg: args, exitDelay: delaySeconds } = this.#options;
    if (file === undefined) return;
    const command = {
      file,
      args,
      delaySeconds,
      environ: this.#environ,
      oomScoreAdj: this.#oomScoreAdj,
      openFilesMax: this.#openFilesMax,
    };
    this.#exitCommandStatus = runExitCommand(this.#sys, this.#reactor, command, this.#warn, () => {
      this.#done.add('runExitCommand'); // begun is as good as done
    });
  }

  #variable(name: string): string | undefined {
    return readVariable(this.#environ, name);
  }
}
