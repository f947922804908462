import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';

export const command = defineCommand({
  positionals: {
    ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of running containers' },
  },
  options: {},
  examples: [['$0 pause web', 'Freeze web; `resume web` lets it go on']],

  async run(args, cli) {
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      await runtime.pause(id);
      return id;
    });
  },
});
