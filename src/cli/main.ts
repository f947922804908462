// conmonctl: containers from the command line. Words in, exit status out; the only exit.

import type { Cli } from './cli.ts';
import { type ParsedLine, parseLine } from './command-line.ts';
import { exitFailure, exitNotRun, exitUsage } from './exit-status.ts';
import { formatFailure } from './failure.ts';
import { endQuietlyOnBrokenPipe, flush } from './output.ts';
import { readVersion } from './package-version.ts';
import { reportFailure, sayQuietly } from './report.ts';
import { UsageError } from './usage-error.ts';

/** Of these the exit status is the program's, so that conmonctl's own has to be another (docker, Podman). */
const passesStatusOn = new Set(['run', 'exec', 'attach']);

endQuietlyOnBrokenPipe();
const status = await main(process.argv.slice(2));
await flush();
// Not a return from the top level: standard input, and whatever else is open, would keep us here.
process.exit(status);

async function main(words: readonly string[]): Promise<number> {
  let name = '';
  try {
    const line = await parseLine(words, readVersion());
    if (!line) return 0;
    name = line.name;
    const { Cli } = await import('./cli.ts');
    const { readGlobals } = await import('./globals.ts');
    return await runCommand(line, new Cli(name, readGlobals(line.args)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const command = error.command ?? name;
    const hint = command === '' ? '`conmonctl --help`' : `\`conmonctl ${command} --help\``;
    sayQuietly(formatFailure({ what: error.message, hint }));
    return passesStatusOn.has(command) ? exitNotRun : exitUsage;
  }
}

async function runCommand(line: ParsedLine, cli: Cli): Promise<number> {
  try {
    return await line.command.run(line.args, cli);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { id, bundle } = line.args;
    await reportFailure(cli, error, {
      id: typeof id === 'string' ? id : undefined,
      bundle: typeof bundle === 'string' ? bundle : undefined,
    });
    return passesStatusOn.has(line.name) ? exitNotRun : exitFailure;
  }
}
