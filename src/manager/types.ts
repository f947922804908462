// The shapes of the library's interface. Times are `Date`, durations in milliseconds, sizes in bytes.

import type { Logger } from './logger.ts';
import type { ProgramVersion } from './oci/versions.ts';

/** Limits that every call takes. */
export interface CallOptions {
  /** Milliseconds after which the call is given up with a {@link TimeLimitError}; Infinity for none. */
  readonly timeLimitMs?: number;
  /** Gives the call up; it then rejects with the signal's reason. Aborted before, nothing is done at all. */
  readonly signal?: AbortSignal;
}

/** Options of calls for one container. */
export interface ContainerOptions extends CallOptions {
  /** The {@link ContainerState.incarnation} that is meant. One that has not got the ID any more counts as deleted, whatever
   * has the ID now. Default: the one that has it, or else had it last. */
  readonly incarnation?: string;
}

/** Moves a process that waits to be moved, for example to a cgroup. Called before the monitor starts to work, so
 * that all of its children follow. Rejecting it fails the creation. */
export interface Placement {
  (process: PlacedProcess): Promise<void>;
  /** Cgroups made for the container of this ID alone: paths from the root of each hierarchy, the deepest first. They are
   * written down with the container before they are made, so that whoever deletes it removes them, in whichever process.
   * Those with processes of others in them stay. */
  readonly cgroupsOf?: (id: string) => readonly string[];
  /** Removes what else was made for the container of this ID, if anything was. Called when it is gone, on the placement
   * of the {@link Runtime} that deletes it. Rejecting it fails nothing, and is logged. */
  readonly remove?: (id: string) => Promise<void>;
}

/** What a {@link Placement} gets. */
export interface PlacedProcess {
  /** Process ID of the monitor's launcher. */
  readonly pid: number;
  /** ID of the container it is going to watch over. */
  readonly id: string;
  /** Aborted when the creation is given up. */
  readonly signal: AbortSignal;
}

/** Who makes a container's cgroup: the runtime itself, in the cgroup file system, or systemd when the runtime asks. */
export type CgroupManager = 'cgroupfs' | 'systemd';

/** An OCI runtime with what belongs to it, as CRI-O's runtime handlers have it. */
export interface RuntimeHandler {
  /** Path or name of its executable; names are looked up in PATH. */
  readonly path: string;
  /** Arguments before the sub-command. Default: none. */
  readonly args?: readonly string[];
  /** Its `--root`. Default: {@link RuntimeOptions.runtimeRoot}. `null` passes no `--root`. */
  readonly root?: string | null;
}

/** How a {@link Runtime} is set up. */
export interface RuntimeOptions {
  /** Path or name of the OCI runtime's executable; names are looked up in PATH. Default `'runc'`. Relative paths, here
   * and in what follows, are the caller's, resolved in the constructor. */
  readonly runtime?: string;
  /** Chooses the runtime of a container that is created without one of its own, by its options: for example another one
   * for containers that nobody trusts. `undefined` leaves it at {@link RuntimeOptions.runtime}. */
  readonly runtimeFor?: (id: string, options: CreateOptions) => string | RuntimeHandler | undefined;
  /** Arguments for the runtime before the sub-command, for example `['--log-format', 'json']`. A container keeps those
   * that it was created with: paths among them are better absolute. */
  readonly runtimeArgs?: readonly string[];
  /** The runtime's `--root`; default `<root>/runtime`. `null` passes no `--root`. */
  readonly runtimeRoot?: string | null;
  /** Path or name of the monitor. Default: this package's own, else `conmon` where Podman looks for it. */
  readonly conmon?: string;
  /** Directory of state; many processes can use one at once. Default `$XDG_RUNTIME_DIR/conmon-ts`, for root
   * `/run/conmon-ts`. */
  readonly root?: string;
  /** Who makes the containers' cgroups; default `'cgroupfs'`. With `'systemd'` the runtime gets `--systemd-cgroup`. */
  readonly cgroupManager?: CgroupManager;
  /** True to have the runtime not use pivot_root, for root file systems on a ramdisk. Default false. */
  readonly noPivot?: boolean;
  /** Bytes after which log files are started anew; `Infinity` for never, the default. */
  readonly logSizeMaxBytes?: number;
  /** More variables for monitors, runtimes, hooks and exit commands, each `NAME=value`; the last of a name wins. From
   * the caller's environment they get `PATH`, `HOME`, `XDG_RUNTIME_DIR`, `TMPDIR`, `TZ`, `CONMON_JOURNALD_PRIORITY`, and
   * for others than root `DBUS_SESSION_BUS_ADDRESS`. */
  readonly conmonEnv?: readonly string[];
  /** Where monitors are to run; default: in the caller's cgroup. See {@link cgroupfs}. */
  readonly placement?: Placement;
  /** Limit for calls of the runtime, in milliseconds, where the call itself gives none; Infinity for none. Default
   * 30 000. */
  readonly timeLimitMs?: number;
  /** Default: one of pino's that is silent unless `CONMON_TS_LOG` names a level. */
  readonly logger?: Logger;
}

/** One of the monitor's log drivers, see the monitor's manual. */
export type LogDriver =
  | { readonly driver: 'k8s-file'; readonly path?: string }
  | { readonly driver: 'journald' }
  | { readonly driver: 'none' };

/** A program to run, not searched in PATH by whoever runs it. */
export interface ExitCommand {
  /** Executable: a path, taken relative to the working directory at the time of the call, or a name in PATH. */
  readonly file: string;
  /** As they are: it runs in the directory that was the caller's at the time of the call. */
  readonly args?: readonly string[];
  /** Whole seconds to wait before it is run. */
  readonly delaySeconds?: number;
}

/** One container, and none that has its ID before or after it. */
export interface ContainerIdentity {
  readonly id: string;
  /** 16 hexadecimal digits, random. */
  readonly incarnation: string;
}

/** What {@link Runtime.create} needs to know. Source: the monitor's options (docs/conmon.8.md). */
export interface CreateOptions extends CallOptions {
  /** Directory with `config.json` and the root file system. */
  readonly bundle: string;
  /** The container's name for logs; default its ID. */
  readonly name?: string;
  /** True where `config.json` has `process.terminal`. Default: what `config.json` says. */
  readonly terminal?: boolean;
  /** True to keep a pipe for standard input, for {@link Runtime.attach}. */
  readonly stdin?: boolean;
  /** True to leave standard input open when a client that attached goes. */
  readonly leaveStdinOpen?: boolean;
  /** Where output goes; default a k8s-file `ctr.log` in the container's directory of state. */
  readonly log?: LogDriver | readonly LogDriver[];
  /** Bytes after which the log file is started anew; `Infinity` for never. Default: the Runtime's. */
  readonly logSizeMaxBytes?: number;
  /** Run by the monitor when the container has ended and its exit code is recorded. A function gets the container that
   * is going to be: a command that deletes it names its incarnation, not only its ID. */
  readonly exitCommand?: ExitCommand | ((container: ContainerIdentity) => ExitCommand);
  /** Whole seconds after which the monitor kills the container; 0 and Infinity for none. */
  readonly timeoutSeconds?: number;
  /** Signal that {@link Runtime.stop} sends first. Default: the image's, from the annotation
   * `org.opencontainers.image.stopSignal` of `config.json`, else `SIGTERM`. */
  readonly stopSignal?: NodeJS.Signals | number;
  /** More arguments for the monitor, as they are. */
  readonly monitorArgs?: readonly string[];
  /** Passed to the runtime's create, for example `['--preserve-fds', '1']`. */
  readonly runtimeOpts?: readonly string[];
  /** Its OCI runtime, instead of the one that {@link RuntimeOptions.runtimeFor} or {@link RuntimeOptions.runtime} says.
   * A name or path alone goes with {@link RuntimeOptions.runtimeArgs}. */
  readonly runtime?: string | RuntimeHandler;
  /** Overrides {@link RuntimeOptions.cgroupManager}. */
  readonly cgroupManager?: CgroupManager;
  /** Overrides {@link RuntimeOptions.noPivot}. */
  readonly noPivot?: boolean;
  /** Overrides {@link RuntimeOptions.placement}. */
  readonly placement?: Placement;
  /** Kept with the container and given back by {@link Runtime.state}. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** `creating` to `stopped` are the OCI runtime specification's words; `paused` is runc's and crun's; `unknown` is one that
 * can't be told, and {@link ContainerState.error} says why. */
export type ContainerStatus = 'creating' | 'created' | 'running' | 'paused' | 'stopped' | 'unknown';

/** How a container ended. */
export interface ContainerExit {
  /** 0-255, 128 + signal; -1 where the monitor's own time limit ended it; `undefined` where nobody knows. */
  readonly exitCode: number | undefined;
  /** True where the kernel's OOM killer struck in the container's cgroup. */
  readonly oomKilled: boolean;
  /** When the exit code was recorded: the exit file's time. */
  readonly finishedAt: Date | undefined;
}

/** What {@link Runtime.state} returns. */
export interface ContainerState extends ContainerExit {
  readonly id: string;
  /** Which of the containers that had this ID: 16 hexadecimal digits, random. `undefined` where what has the ID was
   * not made by this library. */
  readonly incarnation: string | undefined;
  readonly status: ContainerStatus;
  /** What the runtime said where the last start failed; why the status is `unknown`. */
  readonly error: string | undefined;
  /** True where the runtime does not know the container (any more), and `status` is put together from what it left. */
  readonly synthetic: boolean;
  /** True while a deletion is under way, or was broken off. */
  readonly deleting: boolean;
  /** The container's process, in the manager's PID namespace; `undefined` once it has ended. */
  readonly pid: number | undefined;
  /** The monitor; `undefined` once it has ended. */
  readonly monitorPid: number | undefined;
  /** `undefined` for a container that is deleted. */
  readonly bundle: string | undefined;
  readonly name: string;
  readonly createdAt: Date | undefined;
  readonly startedAt: Date | undefined;
  /** Path of the k8s-file log, where there is one. */
  readonly logPath: string | undefined;
  readonly terminal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `stopped`: the process is gone. `exited`: its output is drained, its exit code recorded and its exit command done. */
export type WaitCondition = 'stopped' | 'exited';

/** What {@link Runtime.stop} can be told. */
export interface StopOptions extends ContainerOptions {
  /** Milliseconds between the stop signal and SIGKILL. 0 kills at once, Infinity never. Default 10 000, as Podman's. */
  readonly timeoutMs?: number;
  /** The signal to send first, instead of the container's own. */
  readonly stopSignal?: NodeJS.Signals | number;
}

/** What {@link Runtime.delete} can be told. */
export interface DeleteOptions extends ContainerOptions {
  /** True to kill a container that has not stopped. */
  readonly force?: boolean;
}

/** What runtime and monitor say of themselves. */
export interface RuntimeVersion {
  readonly runtime: ProgramVersion;
  readonly monitor: ProgramVersion;
}

/** A command to run in a container. Source: `process` of the OCI runtime specification. */
export interface ExecOptions extends ContainerOptions {
  /** The program and its arguments; the runtime looks the program up in the container's PATH. */
  readonly args: readonly string[];
  /** `NAME=value`, added to the environment of the container's own process; a later one wins. */
  readonly env?: readonly string[];
  /** Default: as the container's own process. */
  readonly cwd?: string;
  /** Default: as the container's own process. */
  readonly user?: {
    readonly uid: number;
    readonly gid: number;
    readonly additionalGids?: readonly number[];
  };
  /** True for a terminal; standard error is then part of standard output. */
  readonly terminal?: boolean;
  /** True to keep standard input open for {@link ExecSession.stdin}. */
  readonly stdin?: boolean;
  /** Keys in its input that leave it and let it run, `ctrl-p,ctrl-q` for example: {@link ExecSession.outcome} is
   * then `detached`. Default: none. */
  readonly detachKeys?: string;
  /** Milliseconds for the command, from its start; 0 for ever, as CRI's ExecSync has it, and so is Infinity. Then it is
   * killed with its process group. Default 0. ({@link CallOptions.timeLimitMs} is the limit for starting it, 10 s by default.) */
  readonly timeoutMs?: number;
  /** More members of `process`, for example `{ capabilities }`. */
  readonly process?: Readonly<Record<string, unknown>>;
}

/** {@link ExecOptions} for a command whose output is collected. */
export interface ExecSyncOptions extends ExecOptions {
  /** Given to the command's standard input. */
  readonly input?: Uint8Array | string;
  /** Bytes of standard output, and of standard error, that are kept; the rest is read and dropped. Default 16 MiB,
   * as CRI-O's. */
  readonly outputLimitBytes?: number;
}

/** What a command left. */
export interface ExecResult {
  /** 0-255, 128 + signal; `undefined` where its monitor was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** True where the output limit cut something off. */
  readonly truncated: boolean;
}
