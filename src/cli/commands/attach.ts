import { detachKeysOption, openAttachment, seeThrough } from '../attached.ts';
import { defineCommand } from '../command.ts';
import { Signals } from '../signals.ts';

export const command = defineCommand({
  positionals: { id: { type: 'string', demandOption: true, describe: 'ID of the container' } },
  options: {
    stdin: {
      type: 'boolean',
      default: true,
      describe: 'Pass standard input on; --no-stdin only shows output',
    },
    'detach-keys': detachKeysOption,
    'sig-proxy': { type: 'boolean', default: true, describe: 'Pass signals on to the container' },
  },
  examples: [
    ['$0 attach web', 'See what web writes from now on, and type to it'],
    ['$0 attach --no-stdin --no-sig-proxy web', 'Only look on: Ctrl-C ends looking, not web'],
  ],
  notes: "Exit status: the container's; 0 after the detach keys; 125 where there is nothing to attach to.",

  async run(args, cli) {
    const { id } = args;
    const runtime = await cli.openRuntime();
    const { terminal } = await runtime.state(id);
    const container = { runtime, id, terminal, input: args.stdin, forwardsSignals: args['sig-proxy'] };
    const attachment = await openAttachment(container, args['detach-keys']);
    return seeThrough(container, attachment, cli, new Signals());
  },
});
