// Telling failures on standard error: to a person in lines, with `--log-format json` as one record of the log.

import { writeSync } from 'node:fs';
import type { Cli } from './cli.ts';
import { describeFailure, formatFailure } from './failure.ts';

/** Tells what failed. */
export async function reportFailure(
  cli: Cli,
  error: unknown,
  about: { readonly id?: string | undefined; readonly bundle?: string | undefined } = {},
): Promise<void> {
  const { root, logFormat, logLevel } = cli.globals;
  const failure = describeFailure(error, { command: cli.command, root, ...about });
  if (logFormat === 'json') {
    const { id } = about;
    const said = failure.said?.words;
    (await cli.openLogger()).error({ err: error, id, said, hint: failure.hint }, failure.what);
    return;
  }
  if (logLevel === 'debug' || logLevel === 'trace')
    (await cli.openLogger()).debug({ stack: error instanceof Error ? error.stack : undefined }, 'failed at');
  sayQuietly(formatFailure(failure));
}

/** Writes to standard error, where it is there. */
export function sayQuietly(text: string): void {
  try {
    writeSync(process.stderr.fd, text);
  } catch {} // nobody is left to be told
}
