// Where the monitor begins and ends: arguments and environment -> Options, the real Sys, and the only exit.

import { defaultLogLevel, parseLogLevel } from './messages/level.ts';
import { type Messages, openMessages, sayUsageError } from './messages/messages.ts';
import { describeError } from './monitor/describe-error.ts';
import { Monitor } from './monitor/monitor.ts';
import { acceptOptions, acceptUsage } from './options/accept.ts';
import { readCharset } from './options/charset.ts';
import { formatHelp } from './options/help.ts';
import { parseArguments, splitCmdline } from './options/parse.ts';
import { UsageRefusal } from './options/refusal.ts';
import type { RawValues } from './options/values.ts';
import { formatVersion } from './options/version.ts';
import { type Handoff, readHandoff } from './parent/handoff.ts';
import { readVariable } from './sys/environ.ts';
import { writeAll } from './sys/files.ts';
import { sys } from './sys/real.ts';
import { utf8Bytes } from './sys/text.ts';
import { readWorkingDirectory } from './sys/working-directory.ts';

const exitFailure = 1;

/** The executable's: it keeps the function, and calls it at its start with what its launcher says. */
declare const conmonAtStart: ((run: (handoff: string) => void) => void) | undefined;

if (typeof conmonAtStart === 'undefined') run();
else conmonAtStart(run);

function run(given?: string): void {
  sys.exit(main(given));
}

function receiveHandoff(given: string | undefined): Handoff {
  if (given !== undefined) return readHandoff(sys, 1, given); // skips the program's name
  return readHandoff(sys, process.execArgv.length + 2); // … and Node's switches and the script
}

function main(given: string | undefined): number {
  let messages: Messages | undefined;
  try {
    const handoff = receiveHandoff(given);
    const values = readValues(handoff);
    if (values === 'help') return print(formatHelp());
    if (values.flag('version')) return print(formatVersion());
    const about = { cid: acceptUsage(values), syslog: values.flag('syslog'), tag: values.string('log-tag') };
    messages = openMessages(sys, { ...about, level: defaultLogLevel }); // for a level that is refused
    messages = openMessages(sys, {
      ...about,
      level: parseLogLevel(values.string('log-level') ?? defaultLogLevel),
    });
    const options = acceptOptions(values, { cwd: () => readWorkingDirectory(sys), access: sys.access });
    return new Monitor(sys, options, handoff, messages).run();
  } catch (error) {
    const text = describeError(error);
    if (messages === undefined || error instanceof UsageRefusal) sayUsageError(sys, text);
    else messages.error(text);
    return exitFailure;
  }
}

function readValues({ argv, environ }: Handoff): RawValues | 'help' {
  const variable = (name: string) => readVariable(environ, name);
  const charset = readCharset({
    CHARSET: variable('CHARSET'),
    LC_ALL: variable('LC_ALL'),
    LC_CTYPE: variable('LC_CTYPE'),
    LANG: variable('LANG'),
  });
  return parseArguments(splitCmdline(argv), charset);
}

function print(text: string): number {
  return writeAll(sys, 1, utf8Bytes(text)) < 0 ? exitFailure : 0;
}
