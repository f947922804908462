import { eventTypes } from '../../manager/events/container-event.ts';
import type { ContainerEvent } from '../../manager/index.ts';
import { defineCommand } from '../command.ts';

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
    const events = runtime.events();
    logger.info({ root: runtime.root }, 'watching');
    for await (const event of events) {
      if (ids.length > 0 && !ids.includes(event.id)) continue;
      if (kinds && !kinds.includes(event.type)) continue;
      if (args.json) cli.printJsonLine(toJson(event));
      else cli.print(formatEvent(event));
    }
    return 0;
  },
});

/** JSON has no `undefined`: an exit code that nobody knows is null. */
function toJson({ time, type, id, incarnation, name, exitCode }: ContainerEvent): object {
  const exit = type === 'exit' ? { exitCode: exitCode ?? null } : {};
  return { time, event: type, id, incarnation, name, ...exit };
}

function formatEvent({ time, type, id, exitCode }: ContainerEvent): string {
  const code = type === 'exit' ? `  exit code ${exitCode ?? 'unknown'}` : '';
  return `${time.toISOString()}  ${type.padEnd('create'.length)}  ${id}${code}`;
}
