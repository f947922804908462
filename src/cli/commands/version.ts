import { defineCommand } from '../command.ts';
import { readVersion } from '../package-version.ts';

export const command = defineCommand({
  positionals: {},
  options: { json: { type: 'boolean', describe: 'Print it as JSON' } },
  examples: [['$0 version', 'Versions of conmonctl, monitor, runtime and Node.js']],

  async run(args, cli) {
    const { runtime, monitor } = await (await cli.openRuntime()).version();
    const said = { runtime: runtime.line, monitor: monitor.line };
    const versions = { conmonctl: readVersion(), ...said, node: process.versions.node };
    if (args.json) cli.printJson(versions);
    else
      for (const [name, version] of Object.entries(versions))
        cli.print(`${`${name}:`.padEnd(11)} ${version}`);
    return 0;
  },
});
