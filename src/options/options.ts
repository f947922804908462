// What the monitor was asked for: the command line with its defaults applied and its checks passed.

/**
 * The accepted command line. Strings are valid UTF-8 without NUL, otherwise exactly what the caller passed;
 * repeatable options are in the caller's order and empty when not given. Paths may be relative to the
 * working directory. `undefined` means that the option was not given.
 */
export interface Options {
  /** 1 with --api-version: the sync pipe's key is `data`, and exec reports its pid before its status. */
  readonly apiVersion: 0 | 1;
  /** Where the link beside other containers' leads that callers find the attach socket by: the bundle, absolute, as a link
   * is read from its own directory. Undefined where there is to be none, with --full-attach or without a bundle. */
  readonly attachLinkTarget: string | undefined;
  /** The working directory when not given, except for exec: an exec without one has no attach socket. */
  readonly bundle: string | undefined;
  /** Container ID: one file name of 1 to 255 bytes, never `.` or `..`. */
  readonly cid: string;
  readonly conmonPidfile: string | undefined;
  /** `<cwd>/pidfile-<cid>` when not given. */
  readonly containerPidfile: string;
  /** One file name, as `cid`. Given whenever it is needed: only legacy exec may leave it out. */
  readonly cuuid: string | undefined;
  readonly exec: boolean;
  readonly execAttach: boolean;
  /** Given whenever `exec` is set. */
  readonly execProcessSpec: string | undefined;
  readonly exitCommand: string | undefined;
  readonly exitCommandArg: readonly string[];
  /** Seconds, 0 or more. */
  readonly exitDelay: number;
  readonly exitDir: string | undefined;
  readonly leaveStdinOpen: boolean;
  readonly logAllowlistDir: readonly string[];
  /** Bytes in all; not above 0: no limit. Beyond 2^53 it is rounded, as no log gets there. */
  readonly logGlobalSizeMax: number;
  readonly logLabel: readonly string[];
  /** The word of --log-level, unchecked. */
  /** Rotated files to keep: 0 or more, at least 1 with `logRotate`. */
  readonly logMaxFiles: number;
  /** `[driver:]path` each, unchecked. */
  readonly logPath: readonly string[];
  readonly logRotate: boolean;
  /** Bytes of one log file; not above 0: no limit. Rounded as `logGlobalSizeMax`. */
  readonly logSizeMax: number;
  readonly logTag: string | undefined;
  readonly name: string | undefined;
  readonly noContainerPartialMessage: boolean;
  readonly noNewKeyring: boolean;
  readonly noPivot: boolean;
  readonly noSyncLog: boolean;
  readonly persistDir: string | undefined;
  readonly replaceListenPid: boolean;
  /** Directory of the checkpoint to restore from; never together with `exec`. */
  readonly restore: string | undefined;
  /** Path of the runtime: an executable file, or a directory (which fails later). */
  readonly runtime: string;
  readonly runtimeArg: readonly string[];
  /** --runtime-opt and --restore-arg, in the order in which they were given. */
  readonly runtimeOpt: readonly string[];
  readonly sdnotifySocket: string | undefined;
  readonly socketDirPath: string;
  readonly stdin: boolean;
  readonly sync: boolean;
  readonly systemdCgroup: boolean;
  readonly terminal: boolean;
  /** Seconds after which the process is killed; not above 0: never. */
  readonly timeout: number;
}
