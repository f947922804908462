// hostrun: an OCI runtime command line that runs the bundle's process on the host, with no isolation at all.
// It makes demos and tests work where no real runtime can. See docs/hostrun.md.

import { writeSync } from 'node:fs';
import { type CommandLine, type CommandName, parseCommandLine } from './command-line.ts';
import { defaultRoot } from './container.ts';
import { type Log, openLog } from './log.ts';
import { describeFailure, RuntimeError } from './runtime-error.ts';

const version = '0.1.0';

/** What runc says before an error of these, and the status it then exits with. */
const failures: Partial<Record<CommandName, { prefix: string; exitStatus: number }>> = {
  create: { prefix: 'hostrun create failed: ', exitStatus: 1 },
  exec: { prefix: 'exec failed: ', exitStatus: 255 },
};

// Not a return from the top level: nothing that is still open, the process's handle say, may keep us here.
process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  let log: Log = (_level, message) => writeSync(2, `${message}\n`);
  let command: CommandName | undefined;
  try {
    const line = await parseCommandLine(argv, `hostrun ${version}\nspec: 1.0.2`);
    if (line === undefined) return 0;
    command = line.command;
    log = openLog(line.globals);
    return await run(line, log);
  } catch (error) {
    const { prefix, exitStatus } = (command && failures[command]) ?? { prefix: '', exitStatus: 1 };
    log('error', prefix + describeFailure(error));
    return error instanceof RuntimeError || command === 'exec' ? exitStatus : 1;
  }
}

async function run({ globals, command, options, positionals }: CommandLine, log: Log): Promise<number> {
  // Not before there is somebody to tell that the addon it needs is missing.
  const { create, exec, kill, remove, start, state } = await import('./commands.ts');
  const root = globals.root || defaultRoot(process.env, process.getuid?.() ?? 0);
  const id = positionals[0]!;
  const text = (name: string) => options[name] as string | undefined;
  const processOptions = () => ({
    consoleSocket: text('console-socket'),
    pidFile: text('pid-file'),
    preserveFds: Number(options['preserve-fds']),
  });
  switch (command) {
    case 'create':
      log('warning', 'hostrun isolates nothing: the process will run on the host');
      return await create(root, id, { ...processOptions(), bundle: text('bundle')! });
    case 'start':
      return start(root, id);
    case 'state':
      writeSync(1, state(root, id));
      return 0;
    case 'kill':
      return kill(root, id, positionals[1] ?? 'TERM', options['all'] === true);
    case 'delete':
      return remove(root, id, options['force'] === true);
    case 'exec':
      return await exec(root, id, {
        ...processOptions(),
        process: text('process'),
        args: positionals.slice(1),
        env: (options['env'] as string[] | undefined) ?? [],
        cwd: text('cwd'),
        terminal: options['tty'] === true,
        detach: options['detach'] === true,
      });
  }
}
