import type { ContainerState } from '../../manager/index.ts';
import { defineCommand } from '../command.ts';
import { pruneOwnBundles } from '../own-bundle.ts';
import { describeStatus, toJson } from '../state-words.ts';
import { formatAgo, formatTable } from '../table.ts';

export const command = defineCommand({
  positionals: {},
  options: {
    status: {
      choices: ['creating', 'created', 'running', 'paused', 'stopped', 'unknown'],
      describe: 'Only those of this status',
    },
    quiet: { alias: 'q', type: 'boolean', describe: 'Print IDs only' },
    json: { type: 'boolean', describe: 'Print all that is known, as a JSON array' },
  } as const,
  examples: [
    ['$0 list', 'A table of all containers'],
    ['$0 delete $($0 list -q --status stopped)', 'Delete all that have ended'],
  ],

  async run(args, cli) {
    const runtime = await cli.openRuntime();
    const all = await runtime.list();
    pruneOwnBundles(
      runtime.root,
      all.map(({ bundle }) => bundle),
    );
    const states = all.filter(({ status }) => args.status === undefined || status === args.status);
    if (args.json) cli.printJson(states.map(toJson));
    else if (args.quiet) for (const { id } of states) cli.print(id);
    else
      for (const line of formatTable(
        head,
        states.map(state => formatRow(state, new Date())),
      ))
        cli.print(line);
    return 0;
  },
});

const head = ['ID', 'STATUS', 'PID', 'CREATED', 'BUNDLE'];

function formatRow(state: ContainerState, now: Date): string[] {
  return [
    state.id,
    describeStatus(state),
    state.pid === undefined ? '-' : String(state.pid),
    formatAgo(state.createdAt, now),
    state.labels['conmonctl.bundle'] ?? state.bundle ?? '-',
  ];
}
