// One container's life, from the caller's go to its end, told in order. Each room is opened here and handed what it
// needs of the others; the rules are in the rooms, and the end is in ./end.ts.

import { readWaitStatus } from '../exit/exit-status.ts';
import { nextStep, type Step } from '../lifecycle/next-step.ts';
import { chooseJournaldPriority, journaldPriorityVariable } from '../logs/journald-fields.ts';
import { openLogs } from '../logs/open-logs.ts';
import type { Messages } from '../messages/messages.ts';
import { openNotifyRelay } from '../notify/notify-relay.ts';
import { shieldFromOomKiller } from '../oom/own-score.ts';
import { watchOom } from '../oom/watch-oom.ts';
import type { Options } from '../options/options.ts';
import { announceAttachReady } from '../parent/attach-pipe.ts';
import { detachStdio, openDevNull } from '../parent/caller-stdio.ts';
import type { Handoff } from '../parent/handoff.ts';
import { findParentPipes, listParkedFds, type ParentPipes } from '../parent/inherited-fds.ts';
import { becomeSubreaper, takeName, writeConmonPidfile } from '../parent/own-process.ts';
import { awaitStart } from '../parent/start-pipe.ts';
import { SyncPipe } from '../parent/sync-pipe.ts';
import { chooseReportKey } from '../parent/sync-report.ts';
import { awaitLauncher, giveVerdict } from '../parent/verdict.ts';
import { describeRuntimeFailure, type RuntimeFailure } from '../runtime/failure-words.ts';
import { parsePid, pidFileBytesMax } from '../runtime/pid-file.ts';
import { buildRuntimeArgv } from '../runtime/runtime-argv.ts';
import { planRuntime } from '../runtime/spawn-plan.ts';
import { findVariable, readVariable } from '../sys/environ.ts';
import { FatalError } from '../sys/errors.ts';
import { readFile } from '../sys/files.ts';
import { Reactor } from '../sys/reactor.ts';
import { SpareFd } from '../sys/spare-fd.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes, utf8Text } from '../sys/text.ts';
import { ContainerIo } from './container-io.ts';
import { End } from './end.ts';
import type { Parts } from './parts.ts';
import { Processes } from './processes.ts';
import { requireMemory } from './required-memory.ts';

export class Monitor {
  readonly #parts: Parts;
  readonly #end: End;
  readonly #pipes: ParentPipes;
  readonly #verdictFd: number;

  /** Throws a Refusal, or a FatalError, for what the caller is to be told on stderr. */
  constructor(sys: Sys, options: Options, handoff: Handoff, messages: Messages) {
    const warn = (message: string) => messages.warn(message);
    const { environ, inheritedFds, openFilesMax } = handoff;
    sys.umask(0o022);
    const journaldPriority = chooseJournaldPriority(readVariable(environ, journaldPriorityVariable), warn);
    const logs = openLogs(sys, { ...options, journaldPriority }, warn);
    this.#pipes = findParentPipes(sys, name => findVariable(environ, name), inheritedFds, options.execAttach);
    this.#verdictFd = handoff.verdictFd;
    const reactor = new Reactor(sys);
    this.#parts = {
      ...{ sys, reactor, options, messages, warn, environ, openFilesMax, logs },
      parkedFds: listParkedFds(inheritedFds, this.#pipes),
      syncPipe: new SyncPipe(sys, this.#pipes.sync, chooseReportKey(options), warn),
      processes: new Processes(sys, reactor, options.terminal),
      io: new ContainerIo(sys, reactor, options, logs, warn),
      ...{ spareFd: undefined, notify: undefined, oom: undefined, oomScoreAdj: undefined },
    };
    this.#end = new End(this.#parts);
  }

  /** Returns the monitor's own exit status. */
  run(): number {
    try {
      this.#detach();
      this.#openSockets();
      awaitLauncher(this.#parts.sys, this.#verdictFd);
      this.#awaitAttach();
      this.#startRuntime();
      this.#turnUntil(() => this.#nextStep() !== 'wait');
      const pid = this.#identify();
      if (pid === undefined) return this.#end.end('not-started');
      this.#follow(pid);
      this.#turnUntil(() => this.#nextStep() !== 'wait');
      return this.#end.end('exited');
    } catch (error) {
      return this.#end.breakOff(error);
    }
  }

  // --- the start -----------------------------------------------------------------------------------------------

  /** From here on the caller learns of us by its pipes and files only. */
  #detach(): void {
    const { sys, options, messages, logs } = this.#parts;
    const { conmonPidfile, sync } = options;
    this.#parts.oomScoreAdj = shieldFromOomKiller(sys, message => messages.debug(message));
    takeName(sys);
    becomeSubreaper(sys);
    if (conmonPidfile !== undefined && !sync) writeConmonPidfile(sys, conmonPidfile);
    if (!logs.passthrough) this.#letGoOfStdio();
    giveVerdict(sys, this.#verdictFd);
  }

  #letGoOfStdio(): void {
    const { sys, messages } = this.#parts;
    const devNull = openDevNull(sys);
    messages.detachStderr();
    detachStdio(sys, devNull);
    sys.close(devNull);
  }

  #openSockets(): void {
    const { sys, reactor, options, logs, io, warn } = this.#parts;
    const { bundle, sdnotifySocket, execAttach } = options;
    if (bundle === undefined) return;
    if (sdnotifySocket !== undefined) {
      this.#parts.notify = openNotifyRelay(sys, reactor, { bundle, socket: sdnotifySocket }, warn);
    }
    if (logs.passthrough) return; // there is nothing to attach to
    io.openSockets(bundle);
    if (execAttach) announceAttachReady(sys, this.#pipes.attach, warn);
  }

  /** An exec that somebody attaches to starts when they have, so that they miss nothing. */
  #awaitAttach(): void {
    const { sys, reactor, options, processes } = this.#parts;
    const { start } = this.#pipes;
    if (start < 0) return;
    if (!options.execAttach) {
      sys.close(start);
      return;
    }
    let go = false;
    awaitStart(sys, reactor, start, () => {
      go = true;
    });
    this.#turnUntil(() => go || processes.stopSignal !== 0);
  }

  #startRuntime(): void {
    const { sys, options, environ, logs, io, processes, parkedFds, oomScoreAdj, openFilesMax } = this.#parts;
    const { stopSignal } = processes;
    if (stopSignal !== 0)
      throw new FatalError(`Ended by signal ${stopSignal} before the runtime was started`);
    const consoleSocket = options.terminal
      ? io.openConsoleSocket(readVariable(environ, 'TMPDIR') || '/tmp', () => processes.noteConsole())
      : undefined;
    const devNull = openDevNull(sys);
    const stdio = io.openPipes(devNull);
    requireMemory();
    const plan = planRuntime({
      argv: buildRuntimeArgv(options, consoleSocket),
      environ,
      stdio: logs.passthrough ? [0, 1, 2] : stdio,
      passedFds: parkedFds,
      oomScoreAdj,
      openFilesMax,
      replaceListenPid: options.replaceListenPid,
      ownPid: sys.getpid(),
    });
    processes.startRuntime(plan);
    this.#parts.spareFd = new SpareFd(sys, devNull);
    io.closeTheirPipes();
    if (logs.passthrough) this.#letGoOfStdio();
  }

  /** The container's pid; undefined, with the reason for the caller, where there is none. */
  #identify(): number | undefined {
    const { sys, options, messages, io, warn } = this.#parts;
    io.endConsoleSocket();
    const step = this.#nextStep();
    const content = readFile(sys, options.containerPidfile, pidFileBytesMax);
    const pid = typeof content === 'number' ? undefined : parsePid(content);
    if (step === 'identify' && pid !== undefined) return pid;

    const words = io.readRuntimeWords();
    if (words.length > 0) warn(`runtime stderr: ${utf8Text(words)}`);
    const errno = typeof content === 'number' ? content : 0;
    const reason = describeRuntimeFailure(this.#nameFailure(step, errno));
    messages.error(reason);
    this.#end.failureWords = words.length > 0 ? words : utf8Bytes(reason);
    return undefined;
  }

  #nameFailure(step: Step, errno: number): RuntimeFailure {
    const { options, processes } = this.#parts;
    const exitStatus = readWaitStatus(processes.facts.runtimeStatus ?? 0);
    if (step === 'fail-runtime') return { kind: 'exit', exec: options.exec, exitStatus };
    if (step === 'fail-console') return { kind: 'no-terminal' };
    return { kind: 'no-pid', pidFile: options.containerPidfile, errno };
  }

  // --- while it runs -------------------------------------------------------------------------------------------

  #follow(pid: number): void {
    const { sys, reactor, options, messages, io, processes, syncPipe } = this.#parts;
    const { apiVersion, exec, bundle, persistDir, timeout } = options;
    messages.debug(`container PID: ${pid}`);
    processes.follow(pid);
    if (!exec || apiVersion >= 1) syncPipe.report(pid);
    this.#parts.oom = watchOom(sys, reactor, { pid, bundle, persistDir, joined: exec }, messages);
    io.releaseStderr();
    if (timeout > 0) reactor.after(timeout * 1000, () => processes.noteTimeout());
  }

  #turnUntil(isDone: () => boolean): void {
    while (!isDone()) this.#parts.reactor.turn();
  }

  #nextStep(): Step {
    return nextStep(this.#parts.processes.facts);
  }
}
