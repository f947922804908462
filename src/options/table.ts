// Every option of the monitor, once. The parser, `--help`, the man page and the launcher's header are made from it.

/** What follows an option's name on the command line: nothing, a string, one string of many, or an integer. */
export type OptionKind = 'flag' | 'string' | 'strings' | 'int' | 'int64';

export interface OptionEntry {
  /** Name after the two dashes. */
  readonly long: string;
  /** Letter after one dash. */
  readonly short?: string;
  readonly kind: OptionKind;
  /** Left out of `--help` (the man page names it). */
  readonly hidden?: true;
  /** Another option that this one only is an older name of: both fill the same value. */
  readonly aliasOf?: string;
  /** Stands for the value in `--help` and in the man page; absent for flags. */
  readonly argument?: string;
  readonly help: string;
}

/** In the order of `--help`: by what they are about. */
export const optionTable = [
  { long: 'cid', short: 'c', kind: 'string', argument: 'ID', help: 'container ID, as the runtime knows it' },
  {
    long: 'cuuid',
    short: 'u',
    kind: 'string',
    argument: 'UUID',
    help: 'name of this container or exec session below --socket-dir-path',
  },
  { long: 'name', short: 'n', kind: 'string', argument: 'NAME', help: 'container name, for the journal' },
  {
    long: 'bundle',
    short: 'b',
    kind: 'string',
    argument: 'DIR',
    help: 'OCI bundle, or the directory of an exec session (default: the working directory)',
  },
  { long: 'api-version', kind: 'flag', help: 'speak version 1 on the sync pipe; takes no value' },
  { long: 'sync', kind: 'flag', help: "stay the caller's child instead of detaching" },
  {
    long: 'socket-dir-path',
    kind: 'string',
    argument: 'DIR',
    help: 'where attach sockets are linked (default: /var/run/crio)',
  },
  {
    long: 'full-attach',
    kind: 'flag',
    help: 'bind the attach socket in the bundle, however long its path; --socket-dir-path is not used',
  },

  { long: 'runtime', short: 'r', kind: 'string', argument: 'FILE', help: 'OCI runtime to call' },
  {
    long: 'runtime-arg',
    kind: 'strings',
    argument: 'ARG',
    help: 'argument for the runtime, before its subcommand (repeatable)',
  },
  {
    long: 'runtime-opt',
    kind: 'strings',
    argument: 'ARG',
    help: "argument for the runtime's subcommand (repeatable)",
  },
  {
    long: 'restore-arg',
    kind: 'strings',
    hidden: true,
    aliasOf: 'runtime-opt',
    argument: 'ARG',
    help: 'older name of --runtime-opt',
  },
  {
    long: 'systemd-cgroup',
    short: 's',
    kind: 'flag',
    help: 'have the runtime use the systemd cgroup manager',
  },
  { long: 'no-pivot', kind: 'flag', help: 'tell the runtime not to use pivot_root' },
  {
    long: 'no-new-keyring',
    kind: 'flag',
    help: 'tell the runtime not to make a session keyring for the container',
  },
  {
    long: 'restore',
    kind: 'string',
    argument: 'DIR',
    help: 'restore the container from the checkpoint in DIR instead of creating it',
  },

  { long: 'exec', short: 'e', kind: 'flag', help: 'run a process in a running container' },
  {
    long: 'exec-process-spec',
    kind: 'string',
    argument: 'FILE',
    help: 'OCI process description for --exec (JSON)',
  },
  {
    long: 'exec-attach',
    kind: 'flag',
    help: 'with --exec: start the process once a client has attached; needs --api-version',
  },

  { long: 'terminal', short: 't', kind: 'flag', help: 'give the process a terminal' },
  {
    long: 'stdin',
    short: 'i',
    kind: 'flag',
    help: 'give the process a standard input that clients can write to',
  },
  {
    long: 'leave-stdin-open',
    kind: 'flag',
    help: 'keep that standard input open when a client has gone',
  },

  {
    long: 'log-path',
    short: 'l',
    kind: 'strings',
    argument: '[DRIVER:]PATH',
    help: 'where output goes: k8s-file, journald, passthrough or none (repeatable)',
  },
  {
    long: 'log-size-max',
    kind: 'int64',
    argument: 'BYTES',
    help: 'size at which a log file starts anew (default: -1, no limit)',
  },
  {
    long: 'log-global-size-max',
    kind: 'int64',
    argument: 'BYTES',
    help: 'stop logging after this much in total (default: -1, no limit)',
  },
  {
    long: 'log-rotate',
    kind: 'flag',
    help: 'keep full log files, as PATH.1 and so on, instead of emptying them',
  },
  {
    long: 'log-max-files',
    kind: 'int',
    argument: 'N',
    help: 'how many full log files --log-rotate keeps (default: 1)',
  },
  {
    long: 'log-allowlist-dir',
    kind: 'strings',
    argument: 'DIR',
    help: 'allow --log-rotate only below DIR (repeatable)',
  },
  { long: 'log-tag', kind: 'string', argument: 'TAG', help: 'CONTAINER_TAG of journal entries' },
  {
    long: 'log-label',
    kind: 'strings',
    argument: 'NAME=VALUE',
    help: 'further field of journal entries (repeatable)',
  },
  {
    long: 'no-container-partial-message',
    kind: 'flag',
    help: 'leave CONTAINER_PARTIAL_MESSAGE out of journal entries',
  },
  { long: 'no-sync-log', kind: 'flag', help: 'do not fsync log files at the end' },

  {
    long: 'container-pidfile',
    short: 'p',
    kind: 'string',
    argument: 'FILE',
    help: 'where the runtime writes the pid of the process (default: pidfile-ID in the working directory)',
  },
  {
    long: 'pidfile',
    kind: 'string',
    hidden: true,
    aliasOf: 'container-pidfile',
    argument: 'FILE',
    help: 'older name of --container-pidfile',
  },
  {
    long: 'conmon-pidfile',
    short: 'P',
    kind: 'string',
    argument: 'FILE',
    help: "where to write the monitor's own pid",
  },
  { long: 'exit-dir', kind: 'string', argument: 'DIR', help: 'write the exit status to DIR/ID' },
  {
    long: 'persist-dir',
    short: '0',
    kind: 'string',
    argument: 'DIR',
    help: 'write the exit status to DIR/exit, and DIR/oom after an out-of-memory kill',
  },
  { long: 'exit-command', kind: 'string', argument: 'FILE', help: 'program to run at the very end' },
  {
    long: 'exit-command-arg',
    kind: 'strings',
    argument: 'ARG',
    help: 'argument for --exit-command (repeatable)',
  },
  {
    long: 'exit-delay',
    kind: 'int',
    argument: 'SECONDS',
    help: 'wait this long before --exit-command (default: 0)',
  },
  {
    long: 'timeout',
    short: 'T',
    kind: 'int',
    argument: 'SECONDS',
    help: 'kill the process after this long (default: 0, never)',
  },

  {
    long: 'sdnotify-socket',
    kind: 'string',
    argument: 'SOCKET',
    help: "relay the container's sd-notify messages to SOCKET",
  },
  {
    long: 'replace-listen-pid',
    kind: 'flag',
    help: "set LISTEN_PID to the runtime's pid whatever it was",
  },

  {
    long: 'log-level',
    kind: 'string',
    argument: 'LEVEL',
    help: "conmon's own messages: error, fatal, panic, warn, warning, info, debug or trace (default: warn)",
  },
  { long: 'syslog', kind: 'flag', help: "send conmon's own messages to syslog too" },
  { long: 'version', kind: 'flag', help: 'print the version and exit' },
] as const satisfies readonly OptionEntry[];
