import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';
import { parseDuration } from '../values.ts';

export const command = defineCommand({
  positionals: { ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of containers' } },
  options: {
    condition: {
      choices: ['exited', 'stopped'],
      default: 'exited',
      describe: 'stopped: the process is gone; exited: its output is drained and its exit code recorded too',
    },
    timeout: { type: 'string', requiresArg: true, describe: 'Give up after this long, for example 90s' },
    json: { type: 'boolean', describe: 'Print what is known of each end' },
  } as const,
  examples: [
    ['$0 wait web', "Prints web's exit code once it has ended"],
    ['$0 wait --json web db', 'Of both, with the time, and whether memory ran out'],
  ],
  notes:
    'Prints one line a container in the order given; `unknown` for an exit code that nobody knows. Works up to five minutes after a container was deleted.',

  async run(args, cli) {
    const limit = args.timeout === undefined ? {} : { timeLimitMs: parseDuration(args.timeout, '--timeout') };
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      const end = await runtime.wait(id, args.condition, limit);
      if (args.json) return JSON.stringify({ id, ...end, exitCode: end.exitCode ?? null });
      return String(end.exitCode ?? 'unknown');
    });
  },
});
