import { defaultDetachKeys, detachKeysOption, openAttachment, seeThrough } from '../attached.ts';
import { defineCommand } from '../command.ts';
import { bundlePositional, containerOptions } from '../container-options.ts';
import { createFromArguments, deleteWithBundle } from '../create-container.ts';
import { statusOfFailedRun } from '../exit-status.ts';
import { reportFailure } from '../report.ts';
import { Interrupted, Signals } from '../signals.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  positionals: bundlePositional,
  options: {
    detach: { alias: 'd', type: 'boolean', describe: 'Print the ID and leave it to its monitor' },
    ...containerOptions,
    'detach-keys': detachKeysOption,
    'sig-proxy': { type: 'boolean', default: true, describe: 'Pass signals on to the container' },
  },
  takesCommand: true,
  examples: [
    ['$0 run --rm ./web', "Run what the bundle's config.json says, see it through, delete it"],
    ['$0 run --rm -it ./web -- /bin/sh', 'A shell in a new container of the bundle'],
    ['$0 run -d --id web ./web', 'Run it in the background, under the ID web'],
  ],
  notes: `Exit status: the container's; 125 where it could not be run, 126 where its program can't be executed, 127 where it was not found. The keys ${defaultDetachKeys} leave a container that was given -i, and let it run.`,

  async run(args, cli) {
    const signals = new Signals();
    try {
      const created = await createFromArguments(args, cli, signals.signal);
      const { runtime, id, terminal, interactive } = created;
      let isStarted = false;
      const start = async () => {
        await runtime.start(id, args.detach ? { signal: signals.signal } : {});
        isStarted = true;
      };
      try {
        if (args.detach) {
          await start();
          cli.print(id);
          return 0;
        }
        if (terminal && interactive && !process.stdin.isTTY)
          cli.tell('standard input is no terminal: what needs one may not work in the container');
        const container = { ...created, input: interactive, forwardsSignals: args['sig-proxy'] };
        const attachment = await openAttachment(container, args['detach-keys']);
        return await seeThrough(container, attachment, cli, signals, start);
      } catch (error) {
        // As with runc: what `run` could not start is not there afterwards.
        if (!isStarted) await deleteWithBundle(runtime, id, { force: true }).catch(() => {});
        throw error;
      }
    } catch (error) {
      if (error instanceof Interrupted) return error.status;
      if (error instanceof UsageError) throw error;
      await reportFailure(cli, error, { id: args.id, bundle: args.bundle });
      return statusOfFailedRun(error);
    }
  },
});
