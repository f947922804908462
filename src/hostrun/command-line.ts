// runc's command line: `hostrun [global options] command [command options] container-id …`. Options end at the
// first argument that is none, on both levels, so that a program's own options reach it.

import { RuntimeError } from './runtime-error.ts';
import { loadYargs, type OptionTable, type Parsed } from './yargs.ts';

interface Globals {
  readonly root: string;
  readonly log: string;
  readonly logFormat: string;
  readonly debug: boolean;
}

export interface CommandLine {
  readonly globals: Globals;
  readonly command: CommandName;
  readonly options: Parsed;
  /** What follows the options: the container's ID first. */
  readonly positionals: readonly string[];
}

export type CommandName = 'create' | 'start' | 'state' | 'kill' | 'delete' | 'exec';

const usageHead = 'hostrun runs the process of an OCI bundle on the host, WITH NO ISOLATION AT ALL.';

const globalOptions: OptionTable = {
  root: {
    type: 'string',
    requiresArg: true,
    default: '',
    defaultDescription: 'see docs/hostrun.md',
    describe: 'folder for the state of containers',
  },
  log: {
    type: 'string',
    default: '',
    defaultDescription: 'none',
    describe: 'file for messages, beside stderr',
  },
  'log-format': { type: 'string', requiresArg: true, default: 'text', describe: 'text or json' },
  debug: { type: 'boolean', describe: 'log more' },
  'systemd-cgroup': { type: 'boolean', describe: 'accepted; there are no cgroups here' },
};

const processOptions: OptionTable = {
  'console-socket': { type: 'string', requiresArg: true, describe: 'socket that the terminal is sent to' },
  'pid-file': { type: 'string', requiresArg: true, describe: 'file for the pid of the process' },
  'preserve-fds': {
    type: 'number',
    requiresArg: true,
    default: 0,
    describe: 'how many fds, from 3 on, it inherits',
  },
};

const commands: Readonly<
  Record<
    CommandName,
    { usage: string; positionals: readonly [min: number, max: number]; options: OptionTable }
  >
> = {
  create: {
    usage: 'create [options] <container-id>',
    positionals: [1, 1],
    options: {
      bundle: {
        alias: 'b',
        type: 'string',
        requiresArg: true,
        default: '.',
        describe: 'folder of the bundle',
      },
      ...processOptions,
      'no-pivot': { type: 'boolean', describe: 'accepted; there is no root to pivot to' },
      'no-new-keyring': { type: 'boolean', describe: 'accepted; no keyring is made' },
    },
  },
  start: { usage: 'start <container-id>', positionals: [1, 1], options: {} },
  state: { usage: 'state <container-id>', positionals: [1, 1], options: {} },
  kill: {
    usage: 'kill [options] <container-id> [signal]',
    positionals: [1, 2],
    options: { all: { alias: 'a', type: 'boolean', describe: 'signal all processes of the container' } },
  },
  delete: {
    usage: 'delete [options] <container-id>',
    positionals: [1, 1],
    options: { force: { alias: 'f', type: 'boolean', describe: 'end it first; it need not exist' } },
  },
  exec: {
    usage: 'exec [options] <container-id> [command [argument ...]]',
    positionals: [1, Number.POSITIVE_INFINITY],
    options: {
      process: {
        alias: 'p',
        type: 'string',
        requiresArg: true,
        describe: 'file with the specification of the process',
      },
      detach: { alias: 'd', type: 'boolean', describe: 'do not wait for it' },
      tty: { alias: 't', type: 'boolean', describe: 'give it a terminal' },
      env: { alias: 'e', type: 'string', array: true, requiresArg: true, describe: 'one more NAME=VALUE' },
      cwd: { type: 'string', requiresArg: true, describe: 'its working directory' },
      ...processOptions,
    },
  },
};

/** Returns undefined when help or the version was asked for, and printed. */
export async function parseCommandLine(
  argv: readonly string[],
  version: string,
): Promise<CommandLine | undefined> {
  const yargs = await loadYargs();
  const parse = (args: readonly string[], usage: string, options: OptionTable) =>
    yargs(args)
      .scriptName('hostrun')
      .usage(`${usageHead}\n\nUsage: hostrun ${usage}`)
      .parserConfiguration(strictness)
      .options(options)
      .version(version)
      .help('help')
      .alias('help', 'h')
      .exitProcess(false)
      .showHelpOnFail(false)
      .strictOptions()
      .wrap(100)
      .epilogue('The command line is that of runc. See docs/hostrun.md.')
      .fail(refuse)
      .parseSync();

  const first = parse(argv, `[global options] <${Object.keys(commands).join('|')}> …`, globalOptions);
  if (first['help'] || first['version']) return undefined;
  const [command, ...rest] = first._.map(String);
  if (command === undefined || !isCommand(command))
    throw new RuntimeError(command === undefined ? 'no command given' : `No help topic for '${command}'`);
  const { usage, positionals: count, options: table } = commands[command];
  const options = parse(rest, usage, table);
  if (options['help'] || options['version']) return undefined;
  const positionals = options._.map(String);
  if (positionals.length < count[0] || positionals.length > count[1])
    throw new RuntimeError(`Incorrect Usage. hostrun ${usage}: ${positionals.length} arguments given`);
  const globals = {
    root: String(first['root']),
    log: String(first['log']),
    logFormat: String(first['log-format']),
    debug: first['debug'] === true,
  };
  return { globals, command, options, positionals };
}

const strictness = {
  'halt-at-non-option': true,
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'duplicate-arguments-array': false,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
};

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function refuse(message: string | null, error?: Error): never {
  throw new RuntimeError(`Incorrect Usage: ${message ?? error?.message ?? 'unknown'}`);
}
