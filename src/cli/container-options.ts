// The options that `run` and `create` share.

import type { InferredOptionTypes } from 'yargs';

const text = { type: 'string', requiresArg: true } as const;
const texts = { type: 'string', array: true, requiresArg: true } as const;

export const containerOptions = {
  id: { ...text, describe: "The container's ID [default: made of the bundle's name]" },
  name: { ...text, describe: 'Name of the container in logs [default: its ID]' },
  tty: {
    alias: 't',
    type: 'boolean',
    describe: 'Give it a terminal [default: as config.json says]',
  },
  interactive: { alias: 'i', type: 'boolean', describe: 'Keep its standard input open' },
  'leave-stdin-open': { type: 'boolean', describe: 'Keep it open also when who was attached has gone' },
  rm: { type: 'boolean', describe: 'Delete the container when it has ended' },
  env: { ...texts, alias: 'e', describe: 'NAME=value, or NAME to hand on; can be repeated' },
  workdir: { ...text, alias: 'w', describe: 'Working directory of its process' },
  user: { ...text, alias: 'u', describe: 'UID[:GID] of its process' },
  label: { ...texts, alias: 'l', describe: 'key=value, shown by state; can be repeated' },
  'log-driver': {
    choices: ['k8s-file', 'journald', 'none'],
    array: true,
    default: ['k8s-file'],
    describe: 'Where its output is kept; can be repeated',
  },
  'log-path': { ...text, describe: 'File for the driver k8s-file [default: in the directory of state]' },
  'log-size-max': { ...text, describe: 'Start the file anew beyond this size, for example 10m' },
  'stop-signal': { ...text, describe: "Signal that `stop` sends first [default: the image's, else TERM]" },
  timeout: { ...text, describe: 'Kill it when it has run this long, for example 90s' },
  'pid-file': { ...text, describe: "File for the process ID of the container's first process" },
  cgroup: {
    ...text,
    describe: 'Cgroup for its monitor, for example /conmon/{id} [default: that of conmonctl]',
  },
  'runtime-opt': { ...texts, describe: "Option for the runtime's create, for example --no-pivot" },
  'conmon-arg': { ...texts, describe: 'Argument for its monitor, as it is' },
} as const;

export const bundlePositional = {
  bundle: {
    type: 'string',
    demandOption: true,
    describe: 'Directory with config.json and a root file system; it is only read',
  },
} as const;

export type ContainerArguments = InferredOptionTypes<typeof containerOptions> &
  InferredOptionTypes<typeof bundlePositional> & { readonly '--'?: readonly string[] };
