import { defineCommand } from '../command.ts';
import { deleteWithBundle } from '../create-container.ts';
import { forEachId } from '../each-id.ts';

export const command = defineCommand({
  positionals: { ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of containers' } },
  options: {
    force: {
      alias: 'f',
      type: 'boolean',
      default: false,
      describe: 'Kill what has not stopped; what is not there is deleted',
    },
    incarnation: {
      type: 'string',
      requiresArg: true,
      describe: 'Only this one of the containers that had the ID, as `state` has it',
    },
  },
  examples: [
    ['$0 delete web', 'Delete a stopped container'],
    ['$0 delete --force web db', 'Kill and delete two'],
  ],
  notes: 'The exit code is kept for five minutes more: `wait` and `state` still know it.',

  async run(args, cli) {
    const runtime = await cli.openRuntime();
    return forEachId(args.ids, cli, async id => {
      try {
        await deleteWithBundle(runtime, id, { force: args.force, incarnation: args.incarnation });
      } catch (error) {
        if (!args.force || !isNotFound(error)) throw error;
      }
      return id;
    });
  },
});

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_NOT_FOUND';
}
