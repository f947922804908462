import type { ExecOptions, ExecSession } from '../../manager/index.ts';
import { detachKeysOption } from '../attached.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { connect } from '../connection.ts';
import { exitUnknown, statusOfExit, statusOfFailedRun } from '../exit-status.ts';
import { reportFailure } from '../report.ts';
import { Interrupted, Signals } from '../signals.ts';
import { readTerminalSize } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { expandEnv, parseDuration, parseUser } from '../values.ts';

export const command = defineCommand({
  positionals: { id: { type: 'string', demandOption: true, describe: 'ID of a running container' } },
  options: {
    tty: { alias: 't', type: 'boolean', describe: 'Give the command a terminal' },
    interactive: { alias: 'i', type: 'boolean', describe: 'Pass standard input on' },
    detach: { alias: 'd', type: 'boolean', describe: 'Print its process ID and do not wait for it' },
    'detach-keys': {
      ...detachKeysOption,
      describe: 'With -it, keys that leave the command and let it run; empty for none',
    },
    env: {
      alias: 'e',
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'NAME=value, or NAME to hand on; can be repeated',
    },
    workdir: {
      alias: 'w',
      type: 'string',
      requiresArg: true,
      describe: "Its working directory [default: the container's]",
    },
    user: { alias: 'u', type: 'string', requiresArg: true, describe: "UID[:GID] [default: the container's]" },
    timeout: {
      type: 'string',
      requiresArg: true,
      describe: 'Kill it when it has run this long, for example 90s',
    },
  },
  takesCommand: true,
  examples: [
    ['$0 exec web -- ps aux', 'Run ps in the container web'],
    ['$0 exec -it web -- /bin/sh', 'A shell in it'],
    ['$0 exec -i db -- psql <dump.sql', 'Give it a file'],
  ],
  notes:
    "Exit status: the command's; 125 where it could not be run, 126 where it can't be executed, 127 where it was not found, 124 after --timeout.",

  async run(args, cli) {
    const words = args['--'] ?? [];
    if (words.length === 0) throw new UsageError('which command? It comes after the ID', { command: 'exec' });
    const timeoutMs = args.timeout === undefined ? 0 : parseDuration(args.timeout, '--timeout');
    const size = args.tty ? readTerminalSize() : undefined;
    const options: ExecOptions = {
      args: words,
      terminal: args.tty ?? false,
      stdin: args.interactive ?? false,
      ...(args.tty && args.interactive ? { detachKeys: args['detach-keys'] } : {}),
      timeoutMs,
      // Before the command looks; what comes over the monitor may come a moment later.
      ...(size ? { process: { consoleSize: { height: size.rows, width: size.columns } } } : {}),
      env: args.env ? expandEnv(args.env, process.env) : [],
      ...(args.workdir === undefined ? {} : { cwd: args.workdir }),
      ...(args.user === undefined ? {} : { user: parseUser(args.user) }),
    };
    const signals = new Signals();
    try {
      const runtime = await cli.openRuntime();
      const session = await runtime.exec(args.id, { ...options, signal: signals.signal });
      if (args.detach) {
        cli.print(String(session.pid));
        return leave(session);
      }
      return await seeExecThrough(session, options, args.id, cli, signals);
    } catch (error) {
      if (error instanceof Interrupted) return error.status;
      await reportFailure(cli, error, { id: args.id });
      return statusOfFailedRun(error);
    }
  },
});

/** The exit status of timeout(1). */
const exitTimedOut = 124;

async function seeExecThrough(
  session: ExecSession,
  options: ExecOptions,
  id: string,
  cli: Cli,
  signals: Signals,
): Promise<number> {
  const { terminal = false, stdin: input = false } = options;
  signals.passTo(signal => session.kill(signal));
  const connection = connect(session, { terminal, input });
  try {
    // What a program gets that writes to a pipe which nobody reads, or whose terminal is gone.
    let detached = false;
    const noteDetached = session.outcome.then(outcome => {
      detached = outcome === 'detached';
    });
    const how = await Promise.race([connection.ended, session.ended, noteDetached]);
    if (detached) return leave(session);
    if (how === 'left') session.kill(connection.raw ? 'SIGHUP' : 'SIGPIPE');
    const { exitCode, timedOut } = await session.ended;
    await connection.ended;
    if (timedOut) {
      cli.tell(`container ${id}: ${options.args[0]} ran longer than it may, and was killed`);
      return exitTimedOut;
    }
    return exitCode === undefined ? exitUnknown : statusOfExit(exitCode);
  } finally {
    connection.stop();
  }
}

/** The command goes on under its monitor, its output unread. */
async function leave(session: ExecSession): Promise<number> {
  await session.close();
  return 0;
}
