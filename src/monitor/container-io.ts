// Everything between the container's stdio and those outside: its output goes to the logs and to attach clients,
// their input to its stdin, and the control fifos set its window's size.

import {
  type AttachHooks,
  type AttachServer,
  openAttachServer,
  receiveBytesMax,
} from '../attach/attach-server.ts';
import { placeAttachSocket } from '../attach/socket-path.ts';
import { type ControlFifos, openControlFifos } from '../control/control-fifos.ts';
import { headRoomBytes } from '../logs/driver.ts';
import type { Logs } from '../logs/logs.ts';
import type { Options } from '../options/options.ts';
import { type Console, type ConsoleSocket, openConsoleSocket } from '../stdio/console-socket.ts';
import { openInputPipe, openOutputPipe } from '../stdio/container-pipes.ts';
import { ContainerStdin } from '../stdio/container-stdin.ts';
import { OutputRelay, type OutputSinks, readBytesMax } from '../stdio/relay.ts';
import { RuntimeStderr } from '../stdio/runtime-stderr.ts';
import { setWindowSize } from '../stdio/window-size.ts';
import type { StreamName } from '../stream-name.ts';
import { MADV_DONTNEED } from '../sys/constants.ts';
import { errorWords } from '../sys/errno.ts';
import { IdleTimer } from '../sys/idle-timer.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';

/** The most that is still read of a container's output once it has ended: what a pipe can hold. */
const drainBytesMax = 1024 * 1024;

/** A read of so much is a burst: it uses memory that is worth giving back. */
const burstBytesMin = 16 * 1024;
/** The memory is given back when there has been no burst, and no input, for so long. */
const burstRestMs = 1000;

export class ContainerIo {
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #options: Options;
  readonly #logs: Logs;
  readonly #warn: (message: string) => void;
  readonly #stdin: ContainerStdin;
  readonly #sinks: OutputSinks;
  readonly #stderr: RuntimeStderr;
  readonly #relays: OutputRelay[] = [];
  /** What is read at the moment, of the container or of a client. It is mapped once, so that nothing is refused later for
   * want of memory; its pages are used as far as what is read is long. */
  readonly #buf = new Uint8Array(headRoomBytes + readBytesMax);
  readonly #bursts: IdleTimer;
  #attach: AttachServer | undefined;
  #control: ControlFifos | undefined;
  #console: Console | undefined;
  #consoleSocket: ConsoleSocket | undefined;
  /** What the terminal's size is to be. */
  #size: readonly [rows: number, columns: number] | undefined;
  /** The container's ends, until the runtime has them. */
  #theirs: number[] = [];

  constructor(sys: Sys, reactor: Reactor, options: Options, logs: Logs, warn: (message: string) => void) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.#options = options;
    this.#logs = logs;
    this.#warn = warn;
    this.#stdin = new ContainerStdin(sys, reactor, () => this.#attach?.resumeInput(), warn);
    this.#bursts = new IdleTimer(reactor, burstRestMs, () => this.#release());
    this.#sinks = {
      write: (stream, buf, start, end) => {
        this.#logs.write(stream, buf, start, end); // first: no client can hold it up
        this.#attach?.broadcast(stream, buf, start, end);
        if (end - start >= burstBytesMin) this.#bursts.note();
      },
      pause: stream => this.#logs.pause(stream),
      end: stream => this.#logs.end(stream),
      hasRoom: () => this.#logs.hasRoom && (this.#attach?.hasRoom ?? true),
    };
    logs.waitBy(reactor, () => this.#resume());
    this.#stderr = new RuntimeStderr(headRoomBytes, this.#sinks);
  }

  // --- the start -----------------------------------------------------------------------------------------------

  /** Opens the attach socket and the control fifos; with a reader on each, a caller may use them at once. */
  openSockets(bundle: string): void {
    const { attachLinkTarget: linkTarget, socketDirPath: socketDir, cuuid = '' } = this.#options;
    const place = placeAttachSocket({ bundle, linkTarget, socketDir, cuuid });
    this.#attach = openAttachServer(this.#sys, this.#reactor, place, this.#attachHooks(), this.#warn);
    const hooks = {
      onResize: (rows: number, columns: number) => this.#resize(rows, columns),
      onReopenLogs: () => this.#logs.reopen(),
    };
    this.#control = openControlFifos(this.#sys, this.#reactor, bundle, hooks, this.#warn);
  }

  /** Listens for the terminal; `onConsole` is called when it is here. Returns the socket's path. */
  openConsoleSocket(directory: string, onConsole: () => void): string {
    const hooks = {
      onConsole: (ends: Console) => {
        this.#console = ends;
        this.#stdin.attachTo(ends.inputFd);
        this.#relay('stdout', ends.outputFd, this.#sinks);
        if (this.#size !== undefined) this.#resize(...this.#size);
        onConsole();
      },
    };
    this.#consoleSocket = openConsoleSocket(this.#sys, this.#reactor, directory, hooks, this.#warn);
    return this.#consoleSocket.path;
  }

  /** Makes the pipes and relays what comes. Returns the container's stdin, stdout and stderr; `devNull` where it
   * has none of its own. With a terminal there is a stderr all the same, for the runtime's words. */
  openPipes(devNull: number): [stdin: number, stdout: number, stderr: number] {
    const { stdin, terminal } = this.#options;
    const input = stdin && !terminal ? openInputPipe(this.#sys, 'stdin') : undefined;
    const output = terminal ? undefined : openOutputPipe(this.#sys, 'stdout');
    const errors = openOutputPipe(this.#sys, 'stderr');
    if (input !== undefined) this.#stdin.attachTo(input.ours);
    else if (!terminal) this.#stdin.close(); // what clients send is for nobody
    if (output !== undefined) this.#relay('stdout', output.ours, this.#sinks);
    this.#relay('stderr', errors.ours, this.#stderr);
    this.#theirs = [input, output, errors].flatMap(pipe => (pipe === undefined ? [] : [pipe.theirs]));
    return [input?.theirs ?? devNull, output?.theirs ?? devNull, errors.theirs];
  }

  /** The runtime has them now: ours would keep the pipes from their end. */
  closeTheirPipes(): void {
    for (const fd of this.#theirs) this.#sys.close(fd);
    this.#theirs = [];
  }

  /** The runtime has ended: a terminal that is not here by now will not come. */
  endConsoleSocket(): void {
    this.#consoleSocket?.poll(); // it may be here, and not yet have been reported
    this.#consoleSocket?.close();
  }

  // --- the end -------------------------------------------------------------------------------------------------

  /** What was held of stderr is output. */
  releaseStderr(): void {
    this.#stderr.release();
  }

  /** What the runtime said on its stderr. */
  readRuntimeWords(): Uint8Array {
    for (const relay of this.#relays) if (relay.stream === 'stderr') relay.drain(drainBytesMax);
    return this.#stderr.words;
  }

  /** Reads all that the container has left in its pipes, and ends the logs' streams. */
  drainOutput(): void {
    this.releaseStderr();
    for (const relay of this.#relays) relay.drain(drainBytesMax);
    this.#logs.finish();
  }

  /** Bytes that clients have not taken yet. */
  get pendingForClients(): number {
    return this.#attach?.pending ?? 0;
  }

  /** From now on, no client is waited for that takes nothing for so long. */
  letGoOfStuckClientsAfter(ms: number): void {
    this.#attach?.letGoOfStuckAfter(ms);
  }

  unlinkAttachSocket(): void {
    this.#attach?.unlink();
  }

  closeClients(): void {
    this.#attach?.close();
    this.#attach = undefined;
  }

  /** All but the clients, who may still have something to read. */
  close(): void {
    this.#consoleSocket?.close();
    this.#control?.close();
    this.#stdin.close();
  }

  // --- between the rooms ---------------------------------------------------------------------------------------

  #relay(stream: StreamName, fd: number, sinks: OutputSinks): void {
    const from = { stream, fd, isTerminal: stream === 'stdout' && this.#options.terminal };
    const relay = new OutputRelay(this.#sys, this.#reactor, from, this.#buf, headRoomBytes, sinks);
    this.#relays.push(relay);
    relay.resume();
  }

  #attachHooks(): AttachHooks {
    const input = this.#buf.subarray(0, receiveBytesMax);
    return {
      receiveBuffer: () => {
        this.#bursts.note();
        return input;
      },
      onInput: (buf, start, end) => this.#stdin.accept(buf, start, end),
      onInputEnd: () => {
        if (this.#options.stdin && !this.#options.leaveStdinOpen) this.#stdin.end();
      },
      onRoom: () => this.#resume(),
    };
  }

  /** Reads again what was left unread for want of room; a relay that finds none stops by itself. */
  #resume(): void {
    for (const relay of this.#relays) relay.resume();
  }

  /** Lets go of the memory that reading has used. It is called by the reactor, when nothing lies in it. */
  #release(): void {
    this.#sys.madvise(this.#buf, MADV_DONTNEED);
    this.#logs.release();
  }

  /** A size that comes before the terminal is set when it does. */
  #resize(rows: number, columns: number): void {
    this.#size = [rows, columns];
    if (this.#console === undefined) return;
    const answer = setWindowSize(this.#sys, this.#console.outputFd, rows, columns);
    if (answer < 0) this.#warn(`Failed to set process pty terminal size: ${errorWords(answer)}`);
  }
}
