import { detachKeysOption, openAttachment, seeThrough } from '../attached.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { forEachId } from '../each-id.ts';
import { statusOfFailedRun } from '../exit-status.ts';
import { reportFailure } from '../report.ts';
import { Interrupted, Signals } from '../signals.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  positionals: {
    ids: { type: 'string', array: true, demandOption: true, describe: 'IDs of created containers' },
  },
  options: {
    attach: { alias: 'a', type: 'boolean', describe: 'See it through, as `run` does; for one container' },
    interactive: { alias: 'i', type: 'boolean', describe: 'With --attach: pass standard input on' },
    'detach-keys': detachKeysOption,
    'sig-proxy': { type: 'boolean', default: true, describe: 'With --attach: pass signals on' },
  },
  examples: [
    ['$0 start web db', 'Start two containers'],
    ['$0 start -ai shell', 'Start one and sit at it'],
  ],

  async run(args, cli) {
    const { ids } = args;
    if (!args.attach) {
      if (args.interactive) throw new UsageError('--interactive needs --attach', { command: 'start' });
      const runtime = await cli.openRuntime();
      return forEachId(ids, cli, async id => {
        await runtime.start(id);
        return id;
      });
    }
    const [id, another] = ids;
    if (id === undefined || another !== undefined)
      throw new UsageError('--attach is for one container', { command: 'start' });
    return startAttached(id, cli, {
      input: args.interactive ?? false,
      detachKeys: args['detach-keys'],
      forwardsSignals: args['sig-proxy'],
    });
  },
});

async function startAttached(
  id: string,
  cli: Cli,
  options: { readonly input: boolean; readonly detachKeys: string; readonly forwardsSignals: boolean },
): Promise<number> {
  const signals = new Signals();
  try {
    const runtime = await cli.openRuntime();
    const { terminal } = await runtime.state(id);
    const container = { runtime, id, terminal, ...options };
    const attachment = await openAttachment(container, options.detachKeys);
    return await seeThrough(container, attachment, cli, signals, () => runtime.start(id));
  } catch (error) {
    if (error instanceof Interrupted) return error.status;
    await reportFailure(cli, error, { id });
    return statusOfFailedRun(error);
  }
}
