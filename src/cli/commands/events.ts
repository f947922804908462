import { defineCommand } from '../command.ts';
import { followEvents } from '../events/follow-events.ts';
import { type ContainerEvent, eventTypes } from '../events/tracker.ts';

export const command = defineCommand({
  positionals: { ids: { type: 'string', array: true, describe: 'IDs of containers [default: all]' } },
  options: {
    event: { choices: eventTypes, array: true, describe: 'Only events of this kind; can be repeated' },
    json: { type: 'boolean', describe: 'One JSON object a line' },
  } as const,
  examples: [
    ['$0 events', 'All that happens, until you press Ctrl-C'],
    ['$0 events --json --event exit | jq .exitCode', 'Exit codes as they come'],
  ],
  notes: 'An event is told once it is noticed; its time is when it happened.',

  async run(args, cli) {
    const runtime = await cli.openRuntime();
    const logger = await cli.openLogger();
    const { ids = [], event: kinds } = args;
    return followEvents(
      runtime,
      logger,
      () => logger.info({ root: runtime.root }, 'watching'),
      event => {
        if (ids.length > 0 && !ids.includes(event.id)) return;
        if (kinds && !kinds.includes(event.event)) return;
        if (args.json) cli.printJsonLine(event);
        else cli.print(formatEvent(event));
      },
    );
  },
});

function formatEvent({ time, event, id, exitCode }: ContainerEvent): string {
  const code = exitCode === undefined ? '' : `  exit code ${exitCode ?? 'unknown'}`;
  return `${time.toISOString()}  ${event.padEnd('create'.length)}  ${id}${code}`;
}
