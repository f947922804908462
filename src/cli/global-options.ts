// Options of every subcommand.

import type { InferredOptionTypes } from 'yargs';

export const globalOptions = {
  root: {
    type: 'string',
    requiresArg: true,
    describe: 'Directory of state [default: /run/conmon-ts for root, else $XDG_RUNTIME_DIR/conmon-ts]',
  },
  runtime: {
    type: 'string',
    requiresArg: true,
    describe: 'OCI runtime, a name or a path [default: the one of the directory of state, else runc or crun]',
  },
  'runtime-arg': {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'Argument for the runtime before its subcommand; can be repeated',
  },
  conmon: {
    type: 'string',
    requiresArg: true,
    describe: 'The monitor, a name or a path [default: the one that belongs to conmonctl]',
  },
  'conmon-env': {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'NAME=value, or NAME to hand on, for monitor, runtime and hooks; can be repeated',
  },
  'log-level': {
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: 'warn',
    describe: 'How much conmonctl tells of its own doings, on standard error',
  },
  'log-format': {
    choices: ['pretty', 'json'],
    default: 'pretty',
    describe: 'Form of what conmonctl tells, error messages among it',
  },
} as const;

export type GlobalArguments = InferredOptionTypes<typeof globalOptions>;
