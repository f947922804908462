import type { LogOptions } from '../../manager/index.ts';
import { defineCommand } from '../command.ts';
import { formatEntry, formatEntryJson } from '../log-line.ts';
import { wantsColour } from '../output.ts';
import { parseCount, parseTime } from '../values.ts';

export const command = defineCommand({
  positionals: { id: { type: 'string', demandOption: true, describe: 'ID of the container' } },
  options: {
    follow: { alias: 'f', type: 'boolean', describe: 'Go on until the container has ended' },
    tail: { alias: 'n', type: 'string', requiresArg: true, describe: 'Only the last so many lines' },
    since: {
      type: 'string',
      requiresArg: true,
      describe: 'Only lines from then on: a time, or 10m for ten minutes ago',
    },
    until: { type: 'string', requiresArg: true, describe: 'Only lines before then' },
    timestamps: { alias: 't', type: 'boolean', describe: 'Begin each line with its time' },
    stream: { choices: ['stdout', 'stderr'], describe: 'Only what was written there' },
    json: { type: 'boolean', describe: 'One JSON object a line' },
  } as const,
  examples: [
    ['$0 logs -f --tail 20 web', 'The last 20 lines, and what follows'],
    ['$0 logs --since 10m --stream stderr -t web', 'What went wrong within the last ten minutes, and when'],
  ],
  notes:
    "What the container wrote to standard error goes to conmonctl's, in colour on a terminal unless NO_COLOR is set. A line longer than the log's records is shown whole.",

  async run(args, cli) {
    const now = new Date();
    let unreadable = 0;
    const options: LogOptions = {
      onUnreadable: () => {
        unreadable += 1;
      },
      follow: args.follow ?? false,
      ...(args.tail === undefined ? {} : { tail: parseCount(args.tail, '--tail') }),
      ...(args.since === undefined ? {} : { since: parseTime(args.since, '--since', now) }),
      ...(args.until === undefined ? {} : { until: parseTime(args.until, '--until', now) }),
      ...(args.stream === undefined ? {} : { stream: args.stream }),
    };
    const runtime = await cli.openRuntime();
    const colours = { stdout: wantsColour(process.stdout), stderr: wantsColour(process.stderr) };
    for await (const entry of runtime.logs(args.id, options)) {
      const target = args.json || entry.stream === 'stdout' ? process.stdout : process.stderr;
      const text = args.json
        ? formatEntryJson(entry)
        : formatEntry(entry, { timestamps: args.timestamps ?? false, colour: colours[entry.stream] });
      if (!target.write(text)) await new Promise(resume => target.once('drain', resume));
    }
    if (unreadable > 0) cli.tell(`lines of the log that are no records: ${unreadable}`);
    return 0;
  },
});
