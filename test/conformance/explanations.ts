// Every difference from C conmon that is meant to be, and why. One that is not listed here fails the check, and so
// does a line for a difference that is no longer there. `rule` is the number in docs/behaviour/.

import type { Explanation } from './compare.ts';

const nothing = '(nothing seen)';
const noFile = '(ENOENT)';

/** C conmon goes on where ours refuses: all that a container's life leaves is theirs alone. */
function refusedByOurs(
  scenarios: readonly string[],
  rule: string,
  reason: string,
  ours: { readonly sync: string | RegExp; readonly left?: RegExp },
): Explanation[] {
  const one = (what: string, theirs: string | RegExp, our: string | RegExp): Explanation => ({
    scenarios,
    what,
    theirs,
    ours: our,
    reason,
    rule,
  });
  return [
    one('monitor status', '0', '1'),
    one('sync pipe', '{"data": PID}', ours.sync),
    one('exit file', '0(no newline)', noFile),
    one('persist file', '0(no newline)', noFile),
    one('files left', /^fifo 0640 bundle\/ctl$/m, ours.left ?? ''),
    one('files left', /^file 0644 (exits\/|persist\/exit|pidfile)/m, ''),
  ];
}

const everywhere: readonly Explanation[] = [
  {
    scenarios: 'any',
    what: 'files left',
    theirs: 'sock 0700 bundle/attach',
    ours: '',
    reason: 'C conmon leaves the socket when there is no container, or an exit file cannot be written',
    rule: 'F11',
  },
  {
    scenarios: 'any',
    what: 'files left',
    theirs: /^sock 0700 tmp\/conmon-term\.\w{6}$/,
    ours: '',
    reason:
      'C conmon leaves the console socket when the runtime fails, or its container ends, before it is accepted',
    rule: 'F9',
  },
  {
    scenarios: 'any',
    what: 'ignored signals',
    theirs: /^SigIgn:\t000000000000[01][02]0[07]$/,
    ours: 'SigIgn:\t0000000000000000',
    reason:
      'what conmon or its caller ignores, SIGPIPE above all, is not for the runtime and the container to inherit',
    rule: 'G8',
  },
  {
    scenarios: 'any',
    what: 'seen',
    theirs: 'SigIgn:\\t0000000000001000',
    ours: 'SigIgn:\\t0000000000000000',
    reason:
      'C conmon starts the exit command with SIGPIPE ignored; ours with its default, so that it ends where it writes to a broken pipe',
    rule: 'G8',
  },
  {
    scenarios: 'any',
    what: 'sync pipe',
    theirs: '{"data": -1}',
    ours: /^\{"data": -1, "message": "Failed to (create container: exit status \d+|execute runtime \S+: Permission denied)"\}$/,
    reason: 'where the runtime says nothing, the caller at least learns how it ended',
    rule: 'R9',
    in: ['2.2', 'main'],
  },
];

const optionDifferences: readonly Explanation[] = [
  {
    scenarios: ['options/log-file-unopenable', 'options/log-file-is-a-folder', 'logs/folder-is-missing'],
    what: 'stderr',
    theirs: /^\[conmon:e\]: Failed to open log file (No such file or directory|Is a directory)$/,
    ours: /^\[conmon:e\]: Failed to open log file \S+: (No such file or directory|Is a directory)$/,
    reason: 'the message names the file',
    rule: 'L2',
  },
  {
    scenarios: ['options/version'],
    what: 'stdout',
    theirs: /^conmon version 2\.\d+\.\d+\ncommit: \w*$/,
    ours: /^conmon version 2\.2\.1\+ts\.[\d.]+\ncommit: \w+$/,
    reason: 'the version says which program it is, in a form that callers take for 2.2.1',
    rule: 'O12',
  },
  ...[
    'options/exec-without-attach-pipe',
    'options/sync-pipe-not-open',
    'options/sync-pipe-no-number',
  ].flatMap((name): Explanation[] => [
    {
      scenarios: [name],
      what: 'launcher status',
      theirs: '0',
      ours: '1',
      reason:
        'C conmon has forked by then: its caller sees success, and waits for an answer that never comes',
      rule: 'P2',
    },
    {
      scenarios: [name],
      what: 'monitor status',
      theirs: '1',
      ours: '(no monitor)',
      reason: 'ours refuses before there is a monitor',
      rule: 'P2',
    },
    {
      scenarios: [name],
      what: 'stderr',
      theirs: /^\[conmon:e\]: (unable to|--attach).* (Permission denied|Bad file descriptor|Success)$/,
      ours: /^\[conmon:e\]: (unable to (parse|make) _OCI_SYNCPIPE( CLOEXEC: Bad file descriptor)?|--attach specified but _OCI_ATTACHPIPE was not)$/,
      reason: 'C conmon ends the message with the reason of some earlier call, or without a colon',
      rule: 'P2',
    },
  ]),
  {
    scenarios: ['options/sync-pipe-not-open', 'options/sync-pipe-no-number'],
    what: 'files left',
    theirs: 'file 0644 conmon-pid',
    ours: '',
    reason: 'there is no monitor whose pid could be written',
    rule: 'P2',
  },
  {
    scenarios: ['options/start-pipe-not-open'],
    what: 'stderr',
    theirs: '[conmon:e]: unable to make _OCI_STARTPIPE CLOEXEC Bad file descriptor',
    ours: '[conmon:e]: unable to make _OCI_STARTPIPE CLOEXEC: Bad file descriptor',
    reason: 'a colon before the reason, as in all messages',
    rule: 'P2',
  },
  ...(
    [
      ['launcher status', '0', '1'],
      ['monitor status', '1', '(no monitor)'],
      ['stderr', '(empty)', '[conmon:e]: Container ID ../persist is not a file name'],
      ['sync pipe', '{"data": PID}', '(nothing)'],
      ['persist file', '0(no newline)', noFile],
      ['log', '(empty)', noFile],
      ['files left', /^file 06\d0 LOG$/, ''],
      ['files left', /^sock 0700 bundle\/attach$/m, ''],
      ['files left', /^file 0644 persist\/exit\nfile 0644 pidfile$/, ''],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['options/id-names-another-folder'],
      what,
      theirs,
      ours,
      reason:
        'an ID that leads out of --exit-dir is refused; C conmon runs the container and loses its status',
      rule: 'O14',
    }),
  ),
];

const createDifferences: readonly Explanation[] = [
  {
    scenarios: ['create/runtime-fails-at-length'],
    what: 'sync pipe',
    theirs: /7027 bytes in all/,
    ours: /4095 bytes in all/,
    reason: 'Podman reads 4096 bytes, and cannot parse a report that goes on after them',
    rule: 'P12',
  },
  {
    scenarios: ['create/no-pid-file', 'exec/version-1-no-pid-file'],
    what: 'sync pipe',
    theirs:
      '{"data": -1, "message": "Failed to open file \\xe2\\x80\\x9cDIR\\/pidfile\\xe2\\x80\\x9d: No such file or directory"}',
    ours: '{"data": -1, "message": "Failed to read pidfile: DIR\\/pidfile: No such file or directory"}',
    reason: 'the message says what the file was for',
    rule: 'R8',
    in: ['2.2', 'main'],
  },
  {
    scenarios: ['exec/version-1-runtime-fails-wordless'],
    what: 'sync pipe',
    theirs: /Failed to open file .*No such file or directory/,
    ours: '{"data": -1, "message": "Failed to exec in container: exit status 1"}',
    reason: 'that the runtime failed says more than that its pid file is missing',
    rule: 'R9',
    in: ['main'],
  },
  ...(
    [
      ['monitor status', '255', '1'],
      [
        'sync pipe',
        '{"data": 0}',
        '{"data": -1, "message": "Failed to read pidfile: DIR\\/pidfile: there is no pid in it"}',
      ],
      ['exit file', '-1(no newline)', noFile],
      ['persist file', '-1(no newline)', noFile],
      ['files left', /^file 0644 (exits|persist)\//, ''],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['create/rubbish-pid-file'],
      what,
      theirs,
      ours,
      reason: 'what is no pid is not taken for one; C conmon reports a container with the pid 0',
      rule: 'R8',
    }),
  ),
  ...(
    [
      [
        'stderr',
        /Failed to create file “DIR\/missing\/conmon-pid\.\w+”: No such file or directory No such file or directory$/,
        '[conmon:e]: Failed to write conmon pidfile: DIR/missing/conmon-pid: No such file or directory',
      ],
      [
        'sync pipe',
        /^\{"data": (PID|\d+)\}$/,
        /^\{"data": -1, "message": "Failed to write conmon pidfile: .*"\}$/,
      ],
      ['exit file', '0(no newline)', noFile],
      ['persist file', '0(no newline)', noFile],
      ['files left', /^fifo 0640 bundle\/ctl\nfifo 0640 bundle\/winsz$/, ''],
      ['files left', /^file 0644 (exits|persist)\//, ''],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['create/conmon-pid-file-unwritable'],
      what,
      theirs,
      ours,
      reason: 'C conmon tells its caller that it failed, and yet runs the container',
      rule: 'F6',
    }),
  ),
  {
    scenarios: ['create/exit-dir-missing', 'create/persist-dir-missing'],
    what: 'monitor status',
    theirs: '1',
    ours: '3',
    reason:
      'the container’s status stays the container’s; C conmon ends at the first file that cannot be written',
    rule: 'E8',
  },
  {
    scenarios: ['create/persist-dir-missing'],
    what: 'exit file',
    theirs: noFile,
    ours: '3(no newline)',
    reason: 'the other exit file is still written',
    rule: 'E8',
  },
  {
    scenarios: ['create/persist-dir-missing'],
    what: 'files left',
    theirs: '',
    ours: /^file 0644 exits\/\w+$/,
    reason: 'the other exit file is still written',
    rule: 'E8',
  },
  {
    scenarios: ['runtime/listen-pid-is-rubbish'],
    what: 'sync pipe',
    theirs: '{"data": -1, "message": "[conmon:e]: Invalid LISTEN_PID x Success\\n"}',
    ours: '{"data": -1, "message": "Invalid LISTEN_PID x"}',
    reason: 'the message alone, without the form of a log line and the reason of some earlier call',
    rule: 'R5',
    in: ['2.2', 'main'],
  },
];

const execDifferences: readonly Explanation[] = (
  [
    ['monitor status', '255', '1'],
    [
      'sync pipe',
      '{"exit_code": -1}',
      '{"exit_code": -1, "message": "runtime-fails: this was bound to happen\\n"}',
    ],
    ['log', 'TIME stderr F runtime-fails: this was bound to happen', '(empty)'],
  ] as const
).map(([what, theirs, ours]) => ({
  scenarios: ['exec/cri-o-runtime-fails'],
  what,
  theirs,
  ours,
  reason:
    'CRI-O’s pid file is there before, and empty: C conmon takes that for a started exec and loses the reason',
  rule: 'R8',
  in: ['2.2', 'main'],
}));

const lineOf8192 = /^TIME stdout P x+\(… 8206 bytes in all …\)x+\nTIME stdout F $/;

const logDifferences: readonly Explanation[] = [
  ...(
    [
      ['log', 'TIME stdout F hi', noFile],
      ['LOG', 'TIME stdout F hi', nothing],
      ['LOG:b', nothing, 'TIME stdout F hi'],
      ['files left', /^file 06\d0 LOG$/, 'file 0640 LOG:b'],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['logs/path-with-a-colon'],
      what,
      theirs,
      ours,
      reason: 'a path is used whole; C conmon cuts it at a colon',
      rule: 'L1',
    }),
  ),
  {
    scenarios: ['logs/8193-bytes', 'logs/16384-bytes'],
    what: 'log',
    theirs: lineOf8192,
    ours: /^TIME stdout F x+\(… 8206 bytes in all …\)x+$/,
    reason: 'a line of 8192 bytes fits into one record, and needs no empty one after it',
    rule: 'L8',
  },
  {
    scenarios: ['logs/many-lines-at-once'],
    what: 'log',
    theirs: /^TIME stdout P 0+\nTIME stdout F \d+$/,
    ours: /^TIME stdout F 0+82$/,
    reason: 'a line is whole; C conmon ends a record wherever a read of 8192 bytes ends',
    rule: 'L7',
  },
  {
    scenarios: ['logs/rotate-1'],
    what: 'LOG.2',
    theirs: /^(TIME stdout F \d+\n?)+$/,
    ours: nothing,
    reason: '--log-max-files 1 keeps one; C conmon keeps two',
    rule: 'L17',
  },
  {
    scenarios: ['logs/rotate-1'],
    what: 'files left',
    theirs: 'file 0640 LOG.2',
    ours: '',
    reason: '--log-max-files 1 keeps one; C conmon keeps two',
    rule: 'L17',
  },
  {
    scenarios: ['logs/rotate-default'],
    what: 'LOG.2',
    theirs: /^(TIME stdout F \d+\n?)+$/,
    ours: nothing,
    reason: '--log-max-files 1 keeps one; C conmon keeps two',
    rule: 'L17',
    sometimes: 'whether there are two rotations depends on how the output is read',
  },
  ...(
    [
      ['log', '', /^(TIME stdout F \d+\n?)+$/],
      ['files left', 'file 0640 LOG.1', ''],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['logs/rotate-outside-of-allowed-folders'],
      what,
      theirs,
      ours,
      reason:
        'outside of the allowed directories nothing is rotated; C conmon asks only where the log is missing',
      rule: 'L19',
    }),
  ),
  ...(
    [
      ['log', /^(TIME stdout F \d+\n?)+$/, ''],
      ['LOG.new', 'left behind', noFile],
      ['files left', 'file 0644 LOG.new', 'file 0640 LOG.1'],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['logs/rotate-with-a-leftover'],
      what,
      theirs,
      ours,
      reason: 'a leftover LOG.new is removed; with C conmon it ends all rotation',
      rule: 'L20',
    }),
  ),
];

const attachDifferences: readonly Explanation[] = [
  {
    scenarios: ['attach/socket-is-gone-at-the-end'],
    what: 'socket',
    theirs: 'is there',
    ours: 'is gone',
    reason: 'who sees the end of the stream finds the socket gone; C conmon closes the clients first',
    rule: 'A6',
    sometimes: 'C conmon removes it a moment later',
  },
  {
    scenarios: ['attach/by-symlink-of-107-bytes'],
    what: 'files left',
    theirs: /^link 0777 sockets+\/[0-9a-f]{63} -> DIR\/bundle$/,
    ours: '',
    reason: 'a link that was made shorter is removed too',
    rule: 'A3',
  },
  ...refusedByOurs(
    ['attach/leftovers-are-replaced', 'attach/a-file-is-in-the-way'],
    'A5',
    'what is not a socket is nobody’s leftover, and stays; C conmon removes it',
    {
      sync: '{"data": -1, "message": "Failed to remove existing socket: DIR\\/bundle\\/attach: File exists"}',
      left: /^(link 0777 bundle\/attach -> \/nowhere|file 0644 bundle\/attach)$/,
    },
  ),
  ...refusedByOurs(
    ['control/a-file-is-in-the-way'],
    'C2',
    'what is not a fifo is nobody’s leftover, and stays; C conmon removes it',
    {
      sync: '{"data": -1, "message": "Failed to mkfifo at DIR\\/bundle\\/ctl: File exists"}',
      left: /^file 0644 bundle\/ctl$/,
    },
  ),
  ...(
    [
      ['client 0', 'got ', 'got hello'],
      ['log', 'TIME stdout F got ', 'TIME stdout F got hello'],
    ] as const
  ).map(
    ([what, theirs, ours]): Explanation => ({
      scenarios: ['attach/empty-packet'],
      what,
      theirs,
      ours,
      reason: 'a packet of no bytes is not the end of the input',
      rule: 'A19',
    }),
  ),
];

const controlDifferences: readonly Explanation[] = [
  {
    scenarios: ['control/trailing-letter'],
    what: 'it was 2 3',
    theirs: 'yes',
    ours: 'no',
    reason: 'a number ends at a space or with the line, or the line is ignored',
    rule: 'C7',
  },
  {
    scenarios: ['control/hexadecimal-columns'],
    what: 'it was 2 80',
    theirs: 'yes',
    ours: 'no',
    reason:
      'a number ends at a space or with the line; C conmon takes 0x10 for 0 columns, which is shown as 80',
    rule: 'C7',
  },
  {
    scenarios: ['control/a-bad-line-among-good-ones'],
    what: 'it was 4 5',
    theirs: 'no',
    ours: 'yes',
    reason: 'a bad line does not touch those after it; C conmon drops what came with it',
    rule: 'C11',
  },
  {
    scenarios: ['control/64-KiB-of-junk'],
    what: 'it was 2 2',
    theirs: 'no',
    ours: 'yes',
    reason:
      'junk is dropped whole; in C conmon it fills the buffer that both fifos share, and no command is read again',
    rule: 'C9',
  },
  {
    scenarios: ['control/64-KiB-of-junk'],
    what: 'it was 13 14',
    theirs: 'no',
    ours: 'yes',
    reason:
      'junk is dropped whole; in C conmon it fills the buffer that both fifos share, and no command is read again',
    rule: 'C10',
  },
];

const untilTheGo = ['TERM', 'INT', 'QUIT'].map(name => `ends/${name}-before-the-start`);

const endDifferences: readonly Explanation[] = [
  {
    scenarios: untilTheGo,
    what: 'log',
    theirs: '(empty)',
    ours: noFile,
    reason:
      'nothing is read or made before the caller’s go, so that all of it happens in the monitor’s cgroup',
    rule: 'P6',
  },
  {
    scenarios: untilTheGo,
    what: 'files left',
    theirs: /^file 06\d0 LOG$/,
    ours: '',
    reason:
      'nothing is read or made before the caller’s go, so that all of it happens in the monitor’s cgroup',
    rule: 'P6',
  },
  {
    scenarios: ['ends/start-pipe-gates'],
    what: 'before the go',
    theirs: /^file 06\d0 LOG$/,
    ours: '',
    reason:
      'nothing is read or made before the caller’s go, so that all of it happens in the monitor’s cgroup',
    rule: 'P6',
  },
  {
    scenarios: ['ends/TERM-before-the-start'],
    what: 'launcher status',
    theirs: '1',
    ours: '143',
    reason:
      'before the go there is nothing to tidy up: SIGTERM ends it as SIGINT and SIGQUIT do, with C conmon too',
    rule: 'G1',
  },
  {
    scenarios: ['ends/exit-command-fails', 'ends/exit-command-fails-after-success'],
    what: 'monitor status',
    theirs: /^[03]$/,
    ours: '9',
    reason: 'a failed exit command shows in the monitor’s status, as C conmon means to do as well',
    rule: 'E16',
  },
  {
    scenarios: ['ends/exit-command-missing', 'ends/exit-command-not-in-path'],
    what: 'monitor status',
    theirs: '3',
    ours: '1',
    reason: 'an exit command that cannot be started shows in the monitor’s status',
    rule: 'E16',
  },
  {
    scenarios: ['ends/exit-command-after-a-failed-create'],
    what: 'seen',
    theirs: 'socket is there',
    ours: 'socket is gone',
    reason: 'the socket is removed when there is no container either',
    rule: 'A6',
  },
];

const linkDifferences: readonly Explanation[] = [
  {
    scenarios: ['notify/empty-message'],
    what: 'received',
    theirs: '',
    ours: 'message:\nREADY=1(no newline)',
    reason: 'an empty message is ignored; C conmon stops relaying',
    rule: 'N7',
  },
  {
    scenarios: ['journald/8193-bytes'],
    what: 'journal',
    theirs: /8192 in all[\s\S]*MESSAGE="\\n"/,
    ours: /8193 in all/,
    reason: 'a line of 8192 bytes and its newline are one entry',
    rule: 'J4',
  },
  {
    scenarios: ['journald/priority-prefix'],
    what: 'journal',
    theirs: 'MESSAGE="hello\\n"\nPRIORITY="3"',
    ours: 'MESSAGE="<3>hello\\n"\nPRIORITY="6"',
    reason: '`podman logs` stops at a priority other than those of the streams; it is chosen by a variable',
    rule: 'J8',
    in: ['2.2', 'main'],
  },
  {
    scenarios: ['syslog/runtime-fails', 'syslog/runtime-fails-with-tag'],
    what: 'syslog',
    theirs: /runtime stderr: runtime-fails: this was bound to happen\n$/,
    ours: /runtime stderr: runtime-fails: this was bound to happen\\n$/,
    reason: 'a message is one line, whatever is in it',
    rule: 'M5',
    in: ['2.2', 'main'],
  },
  {
    scenarios: ['syslog/container-fails-info'],
    what: 'syslog',
    theirs: /<ninfo>: container \d+ exited with status 1$/,
    ours: '',
    reason: 'the exit file says it; at the level info the words are our own',
    rule: 'M3',
    in: ['2.2', 'main'],
  },
  {
    scenarios: ['syslog/exit-dir-missing'],
    what: 'monitor status',
    theirs: '1',
    ours: '0',
    reason:
      'the container’s status stays the container’s; C conmon ends at the first file that cannot be written',
    rule: 'E8',
  },
  {
    scenarios: ['syslog/exit-dir-missing'],
    what: 'syslog',
    theirs:
      /^<11>.*<error>: Failed to write 0 to exit file: Failed to create file “DIR\/missing\/\w+\.\w+”: No such file or directory$/,
    ours: /<14>.*<nwarn>: Failed to write 0 to exit file: DIR\/missing\/\w+: No such file or directory$/,
    reason: 'a warning, as the rest of the end is still done',
    rule: 'E8',
    in: ['2.2', 'main'],
  },
  {
    scenarios: ['syslog/refusal'],
    what: 'syslog',
    theirs: /Runtime path \/nonexistent is not valid: No such file or directory$/,
    ours: /Runtime path \/nonexistent is not valid No such file or directory$/,
    reason: 'the same words as on stderr',
    rule: 'M4',
  },
];

/** What 2.2 does otherwise than the releases before it, and ours with it. */
const olderDifferences: readonly Explanation[] = (
  [
    [
      'files left',
      /^file 0600 (LOG\S*|journald|none|:LOG)(\n|$)/,
      /^(file 0640|$)/,
      'L12',
      'a log’s mode is 0640',
    ],
    [
      'stderr',
      /^\[conmon:e\] /,
      /^\[conmon:e\]: /,
      'M1',
      'all messages have the same form; before 2.2 some had no colon',
    ],
    ['stderr', '(empty)', /^conmon: option parsing failed: /, 'M2', 'refusals are on stderr, not on stdout'],
    ['stdout', /^conmon: option parsing failed: /, '(empty)', 'M2', 'refusals are on stderr, not on stdout'],
    [
      'sync pipe',
      '(nothing)',
      /^\{"data": -1, "message": "(Failed to|Runtime did not) .*"\}$/,
      'R8',
      'a caller that waits for an answer gets one, also when the runtime says nothing',
    ],
    ['sync pipe', /^\{"data": -1, "message": "a\\tb\/c/, /a\\tb\\\/c/, 'P11', 'a slash is escaped'],
  ] as const
).map(([what, theirs, ours, rule, reason]) => ({
  scenarios: 'any',
  what,
  theirs,
  ours,
  rule,
  reason: `${reason}, as with conmon 2.2`,
  in: ['2.1'],
}));

const olderScenarios: readonly Explanation[] = (
  [
    ['options/log-level-and-syslog', 'stderr', '', '', 'M1', 'no empty line among the messages'],
    [
      'runtime/listen-pid-is-rubbish',
      'sync pipe',
      /Invalid LISTEN_PID x Success/,
      /Invalid LISTEN_PID x"/,
      'R5',
      'the message alone',
    ],
    [
      'runtime/umask',
      'files left',
      /^(file|fifo) 0600 /,
      /^(file|fifo) 06\d\d /,
      'F10',
      'the caller’s umask does not count',
    ],
    [
      'runtime/stdio-modes',
      'modes',
      'fifo 600',
      'fifo 777',
      'R3',
      'a container of another user can open its stdio',
    ],
    [
      'logs/appended-to-with-limit',
      'log',
      /^x+.*\nTIME stdout F more$/,
      '',
      'L12',
      'what was in the log counts',
    ],
    [
      'logs/appended-to-with-limit',
      'files left',
      'file 0644 LOG',
      'file 0640 LOG',
      'L12',
      'what was in the log counts',
    ],
    [
      'attach/socket-while-running',
      'files while it runs',
      'file 0600 LOG',
      'file 0640 LOG',
      'L12',
      'a log’s mode is 0640',
    ],
    [
      'attach/by-symlink-of-107-bytes',
      'files while it runs',
      'file 0600 LOG',
      'file 0640 LOG',
      'L12',
      'a log’s mode is 0640',
    ],
    ['attach/by-symlink', 'files left', /^link 0777 sockets\//, '', 'A6', 'the link is removed'],
    ['ends/killed-by-oom', 'files left', 'file 0644 oom', '', 'E17', 'the marker is in the bundle'],
    ['ends/killed-by-oom', 'files left', '', 'file 0644 bundle/oom', 'E17', 'the marker is in the bundle'],
    ['ends/child-killed-by-oom', 'files left', 'file 0644 oom', '', 'E17', 'the marker is in the bundle'],
    [
      'ends/child-killed-by-oom',
      'files left',
      '',
      'file 0644 bundle/oom',
      'E17',
      'the marker is in the bundle',
    ],
    [
      'ends/oci-create-fails',
      'sync pipe',
      /218 bytes in all/,
      /222 bytes in all/,
      'P11',
      'a slash is escaped',
    ],
    [
      'syslog/runtime-fails',
      'syslog',
      /bound to happen\n \n/,
      /bound to happen\\n/,
      'M5',
      'a message is one line',
    ],
    [
      'syslog/runtime-fails-with-tag',
      'syslog',
      /bound to happen\n \n/,
      /bound to happen\\n/,
      'M5',
      'a message is one line',
    ],
    [
      'syslog/container-fails-info',
      'syslog',
      /exited with status 1 +$/,
      '',
      'M3',
      'the words are our own at the level info',
    ],
    [
      'syslog/exit-dir-missing',
      'syslog',
      /Failed to write 0 to exit file/,
      /Failed to write 0 to exit file/,
      'E8',
      'a warning, as the rest of the end is still done',
    ],
    [
      'syslog/bad-control-line',
      'syslog',
      /Failed to sscanf message$/,
      /Invalid control message format$/,
      'C8',
      'the words',
    ],
  ] as const
).map(([scenario, what, theirs, ours, rule, reason]) => ({
  scenarios: [scenario],
  what,
  theirs,
  ours,
  rule,
  reason: `${reason}; before 2.2 it was otherwise`,
  in: ['2.1'],
}));

export const explanations: readonly Explanation[] = [
  ...everywhere,
  ...optionDifferences,
  ...createDifferences,
  ...execDifferences,
  ...logDifferences,
  ...attachDifferences,
  ...controlDifferences,
  ...endDifferences,
  ...linkDifferences,
  ...olderDifferences,
  ...olderScenarios,
];
