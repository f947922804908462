import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';
import { parseDuration, parseSignal } from '../values.ts';

export const command = defineCommand({
  positionals: { ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of containers' } },
  options: {
    time: {
      alias: 't',
      type: 'string',
      requiresArg: true,
      default: '10s',
      describe: 'How long to wait before SIGKILL; 0 kills at once',
    },
    signal: {
      alias: 's',
      type: 'string',
      requiresArg: true,
      describe: "Signal to send first [default: the container's]",
    },
  },
  examples: [
    ['$0 stop web', 'Ask web to end, kill it after ten seconds'],
    ['$0 stop -t 0 web db', 'Kill both now'],
  ],
  notes:
    'When it returns the process is gone, its exit code is recorded and the root file system can be unmounted. A container that has ended already is a success.',

  async run(args, cli) {
    const timeoutMs = parseDuration(args.time, '--time');
    const signal = args.signal === undefined ? {} : { stopSignal: parseSignal(args.signal, '--signal') };
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      await runtime.stop(id, { timeoutMs, ...signal });
      return id;
    });
  },
});
