import { defineCommand } from '../command.ts';
import { bundlePositional, containerOptions } from '../container-options.ts';
import { createFromArguments } from '../create-container.ts';
import { Interrupted, Signals } from '../signals.ts';

export const command = defineCommand({
  positionals: bundlePositional,
  options: containerOptions,
  takesCommand: true,
  examples: [
    ['$0 create --id web ./web', 'Create it; `start web` then starts its program'],
    ['$0 create -i --id sort ./tools -- sort', 'Another command, with standard input for `start -ai`'],
  ],
  notes: 'Prints the ID. The process exists from now on, and waits for `conmonctl start`.',

  async run(args, cli) {
    try {
      const { id } = await createFromArguments(args, cli, new Signals().signal);
      cli.print(id);
      return 0;
    } catch (error) {
      if (error instanceof Interrupted) return error.status;
      throw error;
    }
  },
});
