import { defineCommand } from '../command.ts';
import { describeState, toJson } from '../state-words.ts';
import { printable } from '../table.ts';

export const command = defineCommand({
  positionals: { id: { type: 'string', demandOption: true, describe: 'ID of the container' } },
  options: { json: { type: 'boolean', describe: 'Print it as JSON' } },
  examples: [
    ['$0 state web', 'What is known of web'],
    ['$0 state --json web | jq .exitCode', 'Its exit code; null while it is not known'],
  ],
  notes: 'Works while a container is being deleted, and up to five minutes after.',

  async run(args, cli) {
    const state = await (await cli.openRuntime()).state(args.id);
    if (args.json) {
      cli.printJson(toJson(state));
      return 0;
    }
    const facts = describeState(state);
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) cli.print(`${name.padEnd(width)}  ${printable(value)}`);
    return 0;
  },
});
