import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';

export const command = defineCommand({
  positionals: {
    ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of paused containers' },
  },
  options: {},
  examples: [['$0 resume web', 'Let web go on after `pause web`']],

  async run(args, cli) {
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      await runtime.resume(id);
      return id;
    });
  },
});
