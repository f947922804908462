import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';
import { parseSignal } from '../values.ts';

export const command = defineCommand({
  positionals: { ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of containers' } },
  options: {
    signal: {
      alias: 's',
      type: 'string',
      requiresArg: true,
      default: 'KILL',
      describe: 'Name or number of the signal',
    },
  },
  examples: [
    ['$0 kill web', 'End it now (SIGKILL)'],
    ['$0 kill -s HUP web', 'Have it read its configuration again, if that is what HUP means to it'],
  ],
  notes: 'Returns when the signal is sent. `conmonctl stop` waits for the end.',

  async run(args, cli) {
    const signal = parseSignal(args.signal, '--signal');
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      await runtime.kill(id, signal);
      return id;
    });
  },
});
