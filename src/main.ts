// Where the monitor begins and ends: arguments and environment -> Options, the real Sys, and the only exit.

import { defaultLogLevel, parseLogLevel } from './messages/level.ts';
import { type Messages, openMessages, sayUsageError } from './messages/messages.ts';
import { Monitor } from './monitor/monitor.ts';
import { acceptOptions, acceptUsage } from './options/accept.ts';
import { readCharset } from './options/charset.ts';
import { formatHelp } from './options/help.ts';
import { parseArguments, splitCmdline } from './options/parse.ts';
import { UsageRefusal } from './options/refusal.ts';
import type { RawValues } from './options/values.ts';
import { formatVersion } from './options/version.ts';
import { type Handoff, readHandoff } from './parent/handoff.ts';
import { readVariable } from './parent/variables.ts';
import { writeAll } from './sys/files.ts';
import { sys } from './sys/real.ts';

const exitFailure = 1;

/** The engine's own arguments: its name, and where it is not compiled in, its switches and the script. */
const engineArguments = process.versions.bun === undefined ? process.execArgv.length + 2 : 1;

sys.exit(main(readHandoff(sys, engineArguments)));

function main(handoff: Handoff): number {
  let messages: Messages | undefined;
  try {
    const values = readValues(handoff);
    if (values === 'help') return print(formatHelp());
    if (values.flag('version')) return print(formatVersion());
    const about = { cid: acceptUsage(values), syslog: values.flag('syslog'), tag: values.string('log-tag') };
    messages = openMessages(sys, { ...about, level: defaultLogLevel }); // for a level that is refused
    messages = openMessages(sys, {
      ...about,
      level: parseLogLevel(values.string('log-level') ?? defaultLogLevel),
    });
    const options = acceptOptions(values, { cwd: workingDirectory(), access: sys.access });
    return new Monitor(sys, options, handoff, messages).run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (messages === undefined || error instanceof UsageRefusal) sayUsageError(sys, text);
    else messages.error(text);
    return exitFailure;
  }
}

function readValues({ argv, variables }: Handoff): RawValues | 'help' {
  const variable = (name: string) => readVariable(variables, name);
  const charset = readCharset({
    CHARSET: variable('CHARSET'),
    LC_ALL: variable('LC_ALL'),
    LC_CTYPE: variable('LC_CTYPE'),
    LANG: variable('LANG'),
  });
  return parseArguments(splitCmdline(argv), charset);
}

/** Undefined where there is none any more, or its path is not UTF-8. */
function workingDirectory(): string | undefined {
  try {
    const path = process.cwd();
    return path.includes('\ufffd') ? undefined : path;
  } catch {
    return undefined;
  }
}

function print(text: string): number {
  return writeAll(sys, 1, new TextEncoder().encode(text)) < 0 ? exitFailure : 0;
}
