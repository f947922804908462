// The wiring: one container's life from the caller's go to its exit command, told in order. Each room is opened
// here and handed the functions of the others that it needs; the rules are in the rooms.

import { type AttachHooks, type AttachServer, openAttachServer } from './attach/attach-server.ts';
import { ContainerStdin } from './attach/container-stdin.ts';
import { placeAttachSocket } from './attach/socket-path.ts';
import { type ControlFifos, openControlFifos } from './control/control-fifos.ts';
import { combineExitStatuses, runExitCommand } from './exit/exit-command.ts';
import { writeExitFiles } from './exit/exit-files.ts';
import { readWaitStatus, unknownExitStatus } from './exit/exit-status.ts';
import { type Ending, type LastAct, lastActs } from './lifecycle/last-acts.ts';
import { type Facts, nextStep } from './lifecycle/next-step.ts';
import { headRoomBytes } from './logs/driver.ts';
import { type Logs, openLogs } from './logs/logs.ts';
import type { Messages } from './messages/messages.ts';
import { openNotifyRelay } from './notify/notify-relay.ts';
import { shieldFromOomKiller } from './oom/own-score.ts';
import { type OomWatch, watchOom } from './oom/watch-oom.ts';
import type { Options } from './options/options.ts';
import { announceAttachReady } from './parent/attach-pipe.ts';
import {
  becomeSubreaper,
  detachStdio,
  giveVerdict,
  openDevNull,
  takeName,
  writeConmonPidfile,
} from './parent/detach.ts';
import type { Handoff } from './parent/handoff.ts';
import { closeParkedFds, findParentPipes, listParkedFds, type ParentPipes } from './parent/inherited-fds.ts';
import { awaitStart } from './parent/start-pipe.ts';
import { SyncPipe } from './parent/sync-pipe.ts';
import { chooseReportKey } from './parent/sync-report.ts';
import { readVariable } from './parent/variables.ts';
import { ContainerProcess } from './runtime/container-process.ts';
import { parsePid, pidFileBytesMax } from './runtime/pid-file.ts';
import { buildRuntimeArgv } from './runtime/runtime-argv.ts';
import { planRuntime } from './runtime/spawn-plan.ts';
import { type Console, type ConsoleSocket, openConsoleSocket } from './stdio/console-socket.ts';
import { openInputPipe, openOutputPipe } from './stdio/container-pipes.ts';
import { OutputRelay, type OutputSinks, readBytesMax, type StreamName } from './stdio/relay.ts';
import { RuntimeStderr } from './stdio/runtime-stderr.ts';
import { setWindowSize } from './stdio/window-size.ts';
import {
  EPOLLIN,
  SIGCHLD,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGPIPE,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  WNOHANG,
} from './sys/constants.ts';
import { EINTR, errorWords } from './sys/errno.ts';
import { FatalError, Refusal } from './sys/errors.ts';
import { readFile } from './sys/files.ts';
import { Reactor } from './sys/reactor.ts';
import type { Sys } from './sys/sys.ts';

/** Signals that the container gets in our place. */
const forwardedSignals = [SIGTERM, SIGQUIT, SIGINT];
/** Those that would end us, or act on the engine. SIGPIPE is how CRI-O stops a monitor's scope. */
const ignoredSignals = [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2];
const exitFailure = 1;
/** What conmon says to an exec's caller; CRI-O compares it. */
const timedOutMessage = 'command timed out';
/** How long the exit files wait for clients that have not yet read all output. They are served on after that. */
const clientsGraceMs = 2000;
/** How long a process that --timeout killed may take to be gone. */
const killGraceMs = 1000;
/** The most that is still read of a container's output once it has ended: what a pipe can hold. */
const drainBytesMax = 1024 * 1024;

export class Monitor {
  readonly #sys: Sys;
  readonly #options: Options;
  readonly #environ: Uint8Array;
  readonly #messages: Messages;
  readonly #warn: (message: string) => void;
  readonly #reactor: Reactor;
  readonly #logs: Logs;
  readonly #pipes: ParentPipes;
  readonly #syncPipe: SyncPipe;
  readonly #parkedFds: readonly number[];
  readonly #verdictFd: number;
  readonly #stdin: ContainerStdin;
  readonly #sinks: OutputSinks;
  readonly #relays: OutputRelay[] = [];
  readonly #outputBuffer = new Uint8Array(headRoomBytes + readBytesMax);
  readonly #runtimeStderr: RuntimeStderr;

  #attach: AttachServer | undefined;
  #control: ControlFifos | undefined;
  #notify: { close(): void } | undefined;
  #console: Console | undefined;
  #consoleSocket: ConsoleSocket | undefined;
  #oom: OomWatch | undefined;
  #container: ContainerProcess | undefined;
  #oomScoreAdj: string | undefined;
  #runtimePid = -1;
  /** What the terminal's size is to be: height and width in cells. */
  #size: [height: number, width: number] | undefined;
  /** A signal that came before there was anybody to pass it on to. */
  #stopSignal = 0;
  #answered = false;
  #failureWords: Uint8Array | undefined;
  #exitCommandStatus = 0;
  /** Wait statuses of children that we do not know (yet). */
  readonly #strangers = new Map<number, number>();
  readonly #facts: { -readonly [Name in keyof Facts]: Facts[Name] };

  /** Throws a Refusal, or a FatalError, for what the caller of conmon is to be told on stderr. */
  constructor(sys: Sys, options: Options, handoff: Handoff, messages: Messages) {
    this.#sys = sys;
    this.#options = options;
    this.#environ = handoff.environ;
    this.#messages = messages;
    this.#warn = message => messages.warn(message);
    sys.umask(0o022);
    this.#logs = openLogs(sys, options, this.#warn);
    this.#pipes = findParentPipes(sys, this.#variable, handoff.inheritedFds, options.execAttach);
    this.#parkedFds = listParkedFds(handoff.inheritedFds, this.#pipes);
    this.#syncPipe = new SyncPipe(sys, this.#pipes.sync, chooseReportKey(options), this.#warn);
    this.#verdictFd = handoff.verdictFd;
    this.#reactor = new Reactor(sys);
    this.#stdin = new ContainerStdin(sys, this.#reactor, () => this.#attach?.resumeInput());
    this.#sinks = {
      write: (stream, buf, start, end) => {
        this.#logs.write(stream, buf, start, end); // first: no client can hold it up
        this.#attach?.broadcast(stream, buf, start, end);
      },
      pause: stream => this.#logs.pause(stream),
      end: stream => this.#logs.end(stream),
      hasRoom: () => this.#attach?.hasRoom ?? true,
    };
    this.#runtimeStderr = new RuntimeStderr(headRoomBytes, (buf, start, end) =>
      this.#sinks.write('stderr', buf, start, end),
    );
    this.#facts = {
      runtimeStatus: undefined,
      consoleWanted: options.terminal,
      consoleHere: false,
      containerPid: undefined,
      containerStatus: undefined,
      timedOut: false,
    };
  }

  /** The container's life. Answers the monitor's own exit status. */
  run(): number {
    try {
      this.#detach();
      this.#openSockets();
      this.#awaitAttach();
      this.#startRuntime();
      this.#turnUntil(() => nextStep(this.#facts) !== 'wait');
      if (!this.#identify()) return this.#end('not-started');
      this.#turnUntil(() => nextStep(this.#facts) !== 'wait');
      return this.#end('exited');
    } catch (error) {
      return this.#breakOff(error);
    }
  }

  // --- the start -----------------------------------------------------------------------------------------------

  #detach(): void {
    const devNull = openDevNull(this.#sys);
    this.#oomScoreAdj = shieldFromOomKiller(this.#sys, message => this.#messages.debug(message));
    this.#watchSignals();
    takeName(this.#sys);
    becomeSubreaper(this.#sys);
    if (this.#options.conmonPidfile !== undefined && !this.#options.sync)
      writeConmonPidfile(this.#sys, this.#options.conmonPidfile);
    if (!this.#logs.passthrough) {
      this.#messages.detachStderr();
      detachStdio(this.#sys, devNull);
    }
    this.#sys.close(devNull);
    giveVerdict(this.#sys, this.#verdictFd, this.#warn);
  }

  #openSockets(): void {
    const { bundle, sdnotifySocket, execAttach } = this.#options;
    if (bundle === undefined || this.#logs.passthrough) return;
    if (sdnotifySocket !== undefined)
      this.#notify = openNotifyRelay(
        this.#sys,
        this.#reactor,
        { bundle, socket: sdnotifySocket },
        this.#warn,
      );
    const { fullAttach, socketDirPath: socketDir, cuuid = '' } = this.#options;
    const place = placeAttachSocket({ bundle, fullAttach, socketDir, cuuid });
    this.#attach = openAttachServer(this.#sys, this.#reactor, place, this.#attachHooks(), this.#warn);
    this.#control = openControlFifos(
      this.#sys,
      this.#reactor,
      bundle,
      {
        onResize: (height, width) => this.#resize(height, width),
        onReopenLogs: () => this.#logs.reopen(),
      },
      this.#warn,
    );
    if (execAttach) announceAttachReady(this.#sys, this.#pipes.attach, this.#warn);
  }

  /** An exec that somebody attaches to starts when they have, so that they miss nothing. */
  #awaitAttach(): void {
    if (this.#pipes.start < 0) return;
    if (!this.#options.execAttach) {
      this.#sys.close(this.#pipes.start);
      return;
    }
    let go = false;
    awaitStart(this.#sys, this.#reactor, this.#pipes.start, () => {
      go = true;
    });
    this.#turnUntil(() => go || this.#stopSignal !== 0);
  }

  #startRuntime(): void {
    if (this.#stopSignal !== 0)
      throw new FatalError(`Ended by signal ${this.#stopSignal} before the runtime was started`);
    const { terminal, stdin } = this.#options;
    if (terminal) this.#openConsoleSocket();
    const devNull = openDevNull(this.#sys);
    const input = stdin && !terminal ? openInputPipe(this.#sys, 'stdin') : undefined;
    const output = terminal ? undefined : openOutputPipe(this.#sys, 'stdout');
    const errors = openOutputPipe(this.#sys, 'stderr'); // with a terminal too: the runtime has words of its own
    const argv = buildRuntimeArgv(this.#options, this.#consoleSocket?.path);
    const pid = this.#sys.spawn(
      planRuntime({
        argv,
        environ: this.#environ,
        stdio: this.#logs.passthrough
          ? [0, 1, 2]
          : [input?.theirs ?? devNull, output?.theirs ?? devNull, errors.theirs],
        passedFds: this.#parkedFds,
        oomScoreAdj: this.#oomScoreAdj,
        replaceListenPid: this.#options.replaceListenPid,
        ownPid: this.#sys.getpid(),
      }),
    );
    if (this.#logs.passthrough) {
      this.#messages.detachStderr();
      detachStdio(this.#sys, devNull);
    }
    for (const fd of [devNull, input?.theirs, output?.theirs, errors.theirs])
      if (fd !== undefined) this.#sys.close(fd);
    if (input !== undefined) this.#stdin.attachTo(input.ours);
    if (output !== undefined) this.#relay('stdout', output.ours, this.#sinks);
    this.#relay('stderr', errors.ours, this.#holdingSinks());
    if (pid < 0)
      throw new FatalError(`Failed to execute runtime ${argv[0]}`, { errno: pid, syscall: 'execve' });
    this.#runtimePid = pid;
  }

  #openConsoleSocket(): void {
    const directory = this.#variable('TMPDIR') || '/tmp';
    const onConsole = (console: Console) => {
      this.#facts.consoleHere = true;
      this.#console = console;
      this.#stdin.attachTo(console.inputFd);
      this.#relay('stdout', console.outputFd, this.#sinks);
      if (this.#size !== undefined) this.#resize(...this.#size);
    };
    this.#consoleSocket = openConsoleSocket(this.#sys, this.#reactor, directory, { onConsole }, this.#warn);
  }

  /** Finds the container's process and reports it; false, with the reason reported, where there is none. */
  #identify(): boolean {
    this.#consoleSocket?.poll(); // it may be here, and not yet have been reported
    this.#consoleSocket?.close();
    const step = nextStep(this.#facts);
    const content = readFile(this.#sys, this.#options.containerPidfile, pidFileBytesMax);
    const pid = typeof content === 'number' ? undefined : parsePid(content);
    if (step === 'identify' && pid !== undefined) {
      this.#follow(pid);
      return true;
    }
    this.#failureWords = this.#readFailure();
    if (step === 'fail-runtime') {
      const what = this.#options.exec ? 'execute in' : 'create';
      this.#messages.error(
        `Failed to ${what} container: exit status ${readWaitStatus(this.#facts.runtimeStatus ?? 0)}`,
      );
    } else if (step === 'fail-console') {
      this.#failWith('Runtime did not set up terminal');
    } else if (typeof content === 'number') {
      this.#failWith(`Failed to read pidfile: ${this.#options.containerPidfile}: ${errorWords(content)}`);
    } else {
      this.#failWith(`Failed to read pidfile: ${this.#options.containerPidfile}: there is no pid in it`);
    }
    return false;
  }

  #failWith(reason: string): void {
    this.#messages.error(reason);
    if (this.#failureWords === undefined || this.#failureWords.length === 0)
      this.#failureWords = new TextEncoder().encode(reason);
  }

  /** What the runtime said on its stderr. */
  #readFailure(): Uint8Array {
    for (const relay of this.#relays) if (relay.stream === 'stderr') relay.drain(drainBytesMax);
    const { words } = this.#runtimeStderr;
    if (words.length > 0) this.#warn(`runtime stderr: ${new TextDecoder().decode(words)}`);
    return words;
  }

  #follow(pid: number): void {
    this.#messages.debug(`container PID: ${pid}`);
    this.#facts.containerPid = pid;
    this.#facts.containerStatus = this.#strangers.get(pid);
    this.#strangers.clear();
    if (this.#facts.containerStatus === undefined) {
      this.#container = new ContainerProcess(this.#sys, this.#reactor, pid, () => {
        this.#reap();
        this.#facts.containerStatus ??= 'unknown';
      });
      if (this.#stopSignal !== 0) this.#container.signal(this.#stopSignal);
    }
    const { apiVersion, exec, bundle, persistDir, timeout } = this.#options;
    if (!exec || apiVersion >= 1) this.#answer(pid);
    this.#oom = watchOom(this.#sys, this.#reactor, { pid, bundle, persistDir, joined: exec }, this.#messages);
    this.#runtimeStderr.settle();
    if (timeout > 0) {
      this.#reactor.after(timeout * 1000, () => {
        this.#facts.timedOut = true;
      });
    }
  }

  // --- while it runs -------------------------------------------------------------------------------------------

  #turnUntil(isDone: () => boolean): void {
    while (!isDone()) this.#reactor.turn();
  }

  #watchSignals(): void {
    for (const number of ignoredSignals) this.#sys.ignoreSignal(number);
    const fd = this.#sys.signalPipe([SIGCHLD, ...forwardedSignals]);
    if (fd < 0)
      throw new FatalError('Failed to register the signal handler', { errno: fd, syscall: 'sigaction' });
    const numbers = new Uint8Array(64);
    this.#reactor.watch(fd, EPOLLIN, () => {
      const count = this.#sys.read(fd, numbers, 0, numbers.length);
      for (const number of numbers.subarray(0, Math.max(count, 0))) {
        if (number === SIGCHLD) this.#reap();
        else this.#forwardSignal(number);
      }
    });
  }

  #forwardSignal(number: number): void {
    if (this.#container !== undefined) this.#container.signal(number);
    else if (this.#runtimePid > 0 && this.#facts.runtimeStatus === undefined)
      this.#sys.kill(this.#runtimePid, number);
    else this.#stopSignal = number;
  }

  /** Takes every child that has ended; what it means is decided once, after the turn. */
  #reap(): void {
    const status = new Int32Array(1);
    for (;;) {
      const pid = this.#sys.waitpid(-1, status, WNOHANG);
      if (pid === -EINTR) continue;
      if (pid <= 0) return;
      if (pid === this.#runtimePid) this.#facts.runtimeStatus = status[0];
      else if (pid === this.#facts.containerPid) this.#facts.containerStatus = status[0];
      else if (this.#facts.containerPid === undefined) this.#strangers.set(pid, status[0]!);
    }
  }

  #relay(stream: StreamName, fd: number, sinks: OutputSinks): void {
    const from = { stream, fd, isTerminal: stream === 'stdout' && this.#options.terminal };
    const relay = new OutputRelay(this.#sys, this.#reactor, from, this.#outputBuffer, headRoomBytes, sinks);
    this.#relays.push(relay);
    relay.resume();
  }

  /** Stderr's, until it is known whether the runtime or the container speaks there. */
  #holdingSinks(): OutputSinks {
    const stderr = this.#runtimeStderr;
    const sinks = this.#sinks;
    return {
      write: (_, buf, start, end) => stderr.take(buf, start, end),
      pause: stream => stderr.isHolding || sinks.pause(stream),
      end: stream => stderr.isHolding || sinks.end(stream),
      hasRoom: () => sinks.hasRoom(),
    };
  }

  #attachHooks(): AttachHooks {
    return {
      onInput: (buf, start, end) => this.#stdin.accept(buf, start, end),
      onInputEnd: () => {
        if (this.#options.stdin && !this.#options.leaveStdinOpen) this.#stdin.end();
      },
      onRoom: () => {
        for (const relay of this.#relays) relay.resume();
      },
      onFlushed: () => {},
    };
  }

  /** A size that comes before the terminal is set when it does. */
  #resize(height: number, width: number): void {
    this.#size = [height, width];
    if (this.#console === undefined) return;
    const answer = setWindowSize(this.#sys, this.#console.outputFd, height, width);
    if (answer < 0) this.#warn(`Failed to set process pty terminal size: ${errorWords(answer)}`);
  }

  // --- the end -------------------------------------------------------------------------------------------------

  #end(ending: Ending): number {
    if (this.#facts.timedOut) this.#killTimedOut();
    for (const act of lastActs(ending)) this.#lastActs[act]();
    if (this.#attach !== undefined) {
      this.#turnUntil(() => this.#attach!.pending === 0); // clients that are slower than the exit command
      this.#attach.close();
    }
    const status = ending === 'exited' ? this.#exitStatus() & 0xff : exitFailure;
    return combineExitStatuses(status, this.#exitCommandStatus);
  }

  readonly #lastActs: Record<LastAct, () => void> = {
    checkOom: () => this.#oom?.checkAtEnd(),
    drainOutput: () => {
      this.#runtimeStderr.settle();
      for (const relay of this.#relays) relay.drain(drainBytesMax);
    },
    syncLogs: () => this.#logs.sync(),
    closeInheritedFds: () => closeParkedFds(this.#sys, this.#parkedFds),
    unlinkAttachSocket: () => this.#attach?.unlink(),
    releaseClients: () => this.#releaseClients(),
    writePersistExitFile: () => this.#writeExitFiles({ persistDir: this.#options.persistDir }),
    writeExitFile: () => this.#writeExitFiles({ exitDir: this.#options.exitDir }),
    answerSyncPipe: () => this.#answerLast(),
    removeLeftovers: () => {
      this.#consoleSocket?.close();
      this.#notify?.close();
      this.#control?.close();
      this.#oom?.close();
      this.#logs.close();
    },
    runExitCommand: () => this.#runExitCommand(),
  };

  /** Nothing that goes wrong here may keep a later act from being done. */
  #breakOff(error: unknown): number {
    const text = error instanceof Error ? error.message : String(error);
    const isOurs = !(error instanceof FatalError || error instanceof Refusal);
    this.#messages.error(isOurs && error instanceof Error ? `${text}: ${error.stack ?? ''}` : text);
    this.#failureWords ??= new TextEncoder().encode(text);
    const hadContainer = this.#facts.containerPid !== undefined;
    for (const act of lastActs(hadContainer ? 'broken' : 'not-started')) {
      try {
        this.#lastActs[act]();
      } catch (next) {
        this.#messages.error(`${act}: ${next instanceof Error ? next.message : String(next)}`);
      }
    }
    return exitFailure;
  }

  #killTimedOut(): void {
    this.#messages.info('Timed out, killing the container');
    if (this.#facts.containerStatus !== undefined) return;
    this.#container?.signalGroup(SIGKILL);
    const timer = this.#graceTimer(killGraceMs);
    this.#turnUntil(() => this.#facts.containerStatus !== undefined || timer.isOver);
  }

  /** Clients that read get all of it before the exit files appear; those that do not are no reason to wait long. */
  #releaseClients(): void {
    const attach = this.#attach;
    if (attach === undefined) return;
    const timer = this.#graceTimer(clientsGraceMs);
    this.#turnUntil(() => attach.pending === 0 || timer.isOver);
    if (attach.pending > 0) return;
    attach.close();
    this.#attach = undefined;
  }

  #graceTimer(ms: number): { readonly isOver: boolean } {
    const timer = { isOver: false };
    this.#reactor.after(ms, () => {
      timer.isOver = true;
    });
    return timer;
  }

  /** 0 to 255; -1 where --timeout ended it. */
  #exitStatus(): number {
    if (this.#facts.timedOut) return -1;
    const status = this.#facts.containerStatus;
    return typeof status === 'number' ? readWaitStatus(status) : unknownExitStatus;
  }

  #writeExitFiles(places: { persistDir?: string | undefined; exitDir?: string | undefined }): void {
    writeExitFiles(this.#sys, { ...places, cid: this.#options.cid }, this.#exitStatus(), this.#warn);
  }

  #answer(value: number, message?: Uint8Array): void {
    this.#answered = true;
    this.#syncPipe.report(value, message);
  }

  /** An exec's status; for anybody who is still waiting for a pid, that there is none, and why. */
  #answerLast(): void {
    if (this.#facts.containerPid !== undefined && this.#options.exec) {
      const message = this.#facts.timedOut ? new TextEncoder().encode(timedOutMessage) : undefined;
      this.#answer(this.#exitStatus(), message);
    } else if (!this.#answered) {
      this.#answer(-1, this.#failureWords);
    }
    this.#syncPipe.close();
  }

  #runExitCommand(): void {
    const { exitCommand: file, exitCommandArg: args, exitDelay: delaySeconds } = this.#options;
    if (file === undefined) return;
    const command = { file, args, delaySeconds, environ: this.#environ, oomScoreAdj: this.#oomScoreAdj };
    this.#exitCommandStatus = runExitCommand(this.#sys, this.#reactor, command, this.#warn);
  }

  readonly #variable = (name: string): string | undefined => readVariable(this.#environ, name);
}
