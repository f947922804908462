// The processes of one container: the runtime, and what it leaves us as our child. Signals that come for us go on to
// them, and their ends become facts.

import type { Facts } from '../lifecycle/next-step.ts';
import { ContainerProcess } from '../runtime/container-process.ts';
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
  SIGXFSZ,
  WNOHANG,
} from '../sys/constants.ts';
import { ESRCH } from '../sys/errno.ts';
import { FatalError } from '../sys/errors.ts';
import type { Reactor } from '../sys/reactor.ts';
import { sleep } from '../sys/sleep.ts';
import type { SpawnPlan, Sys } from '../sys/sys.ts';
import { untilDone } from '../sys/until-done.ts';

/** Signals that the container gets in our place. */
const forwardedSignals = [SIGTERM, SIGQUIT, SIGINT];
/** Those that would end us, or act on the engine. SIGPIPE is how CRI-O's scope stops a monitor; SIGXFSZ comes when a log
 * is as long as the caller's limit lets files be, where an error says so too. */
const ignoredSignals = [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ];
const signalsPerReadMax = 64;
/** How often a process that is not our child is looked for, where the reactor does not tell of its end. */
const pollMs = 100;

export class Processes {
  readonly #facts: { -readonly [Name in keyof Facts]: Facts[Name] };
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #signalFd: number;
  #stopSignal = 0;
  #runtimePid = -1;
  #container: ContainerProcess | undefined;
  /** Wait statuses of children that we do not know: a short command may end before its pid is in the pid file. */
  readonly #strangers = new Map<number, number>();

  /** From here on signals come to us, and not to the engine. */
  constructor(sys: Sys, reactor: Reactor, consoleWanted: boolean) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.#facts = {
      runtimeStatus: undefined,
      consoleWanted,
      consoleHere: false,
      containerPid: undefined,
      containerStatus: undefined,
      timedOut: false,
    };
    for (const number of ignoredSignals) sys.ignoreSignal(number);
    const fd = sys.signalPipe([SIGCHLD, ...forwardedSignals]);
    if (fd < 0)
      throw new FatalError('Failed to register the signal handler', { errno: fd, syscall: 'sigaction' });
    this.#signalFd = fd;
    reactor.watch(fd, EPOLLIN, () => this.#readSignals());
  }

  /** What has happened so far. */
  get facts(): Facts {
    return this.#facts;
  }

  /** A signal that came when there was nobody to pass it on to, before the container or after its end; 0 for none. */
  get stopSignal(): number {
    return this.#stopSignal;
  }

  /** What has come so far, noticed or not, is not meant for what comes now. */
  forgetStopSignal(): void {
    this.#readSignals();
    this.#stopSignal = 0;
  }

  /** The runtime has handed us the terminal. */
  noteConsole(): void {
    this.#facts.consoleHere = true;
  }

  /** The container's time is up. One that has ended in that moment has ended by itself. */
  noteTimeout(): void {
    this.#facts.timedOut ||= this.#facts.containerStatus === undefined;
  }

  startRuntime(plan: SpawnPlan): void {
    const pid = this.#sys.spawn(plan);
    if (pid < 0)
      throw new FatalError(`Failed to execute runtime ${plan.file}`, { errno: pid, syscall: 'execve' });
    this.#runtimePid = pid;
  }

  /** `pid` is the container's process. */
  follow(pid: number): void {
    this.#facts.containerPid = pid;
    this.#facts.containerStatus = this.#strangers.get(pid);
    this.#strangers.clear();
    if (this.#facts.containerStatus !== undefined) return;
    this.#container = new ContainerProcess(this.#sys, this.#reactor, pid, () => {
      this.#reap();
      this.#facts.containerStatus ??= 'unknown'; // somebody else's child
    });
    if (this.#stopSignal !== 0) this.#container.signal(this.#stopSignal);
  }

  /** Kills the container's process and its group. */
  kill(): void {
    this.#container?.signalGroup(SIGKILL);
  }

  /**
   * Kills the runtime and the container where they have not ended, and waits for their ends. `pid` is what the pid file
   * says, for a container that is not followed yet; it is believed where it is a child of ours. Needs no reactor: it is
   * for when there is no way on.
   */
  endAll(pid: number | undefined): void {
    const facts = this.#facts;
    this.#reap();
    if (this.#runtimePid > 0 && facts.runtimeStatus === undefined) {
      this.#sys.kill(this.#runtimePid, SIGKILL);
      this.#awaitEnd(this.#runtimePid); // from now on what it has started is our child
    }
    const containerPid = facts.containerPid ?? pid;
    if (containerPid === undefined || facts.containerStatus !== undefined) return;
    if (this.#container !== undefined) this.#container.signalGroup(SIGKILL);
    else if (this.#sys.waitpid(containerPid, new Int32Array(1), WNOHANG) !== 0) return;
    else this.#sys.kill(containerPid, SIGKILL); // our child: its pid is nobody else's
    const status = this.#awaitEnd(containerPid);
    if (facts.containerPid !== undefined) facts.containerStatus = status;
    this.#container?.close();
  }

  /** Returns the wait status. One that cannot be killed is waited for as long as it lives. */
  #awaitEnd(pid: number): number | 'unknown' {
    const status = new Int32Array(1);
    const ended = untilDone(() => this.#sys.waitpid(pid, status, 0));
    if (ended === pid) return status[0]!;
    while (this.#sys.kill(pid, 0) !== -ESRCH && sleep(this.#sys, pollMs)); // it is not our child
    return 'unknown';
  }

  #readSignals(): void {
    const numbers = new Uint8Array(signalsPerReadMax);
    const count = this.#sys.read(this.#signalFd, numbers, 0, numbers.length);
    const signals = numbers.subarray(0, Math.max(count, 0));
    // First who has ended: a signal would go to a runtime that is gone, and be lost to the container it left.
    if (signals.includes(SIGCHLD)) this.#reap();
    for (const signal of signals) if (signal !== SIGCHLD) this.#forward(signal);
  }

  #forward(signal: number): void {
    if (this.#facts.containerStatus !== undefined) this.#stopSignal = signal;
    else if (this.#container !== undefined) this.#container.signal(signal);
    else if (this.#runtimePid > 0 && this.#facts.runtimeStatus === undefined)
      this.#sys.kill(this.#runtimePid, signal);
    else this.#stopSignal = signal;
  }

  /** Takes every child that has ended; what it means is decided after the turn. */
  #reap(): void {
    const status = new Int32Array(1);
    for (;;) {
      const pid = untilDone(() => this.#sys.waitpid(-1, status, WNOHANG));
      if (pid <= 0) return;
      if (pid === this.#runtimePid) this.#facts.runtimeStatus = status[0];
      else if (pid === this.#facts.containerPid) this.#noteEnd(status[0]!);
      else if (this.#facts.containerPid === undefined) this.#strangers.set(pid, status[0]!);
    }
  }

  #noteEnd(status: number): void {
    this.#facts.containerStatus = status;
    this.#container?.close(); // its pid may be somebody else's from now on
  }
}
