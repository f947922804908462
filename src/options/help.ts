// What --help says, made from the table.

import { type OptionEntry, optionTable } from './table.ts';

/** The output of --help. CRI-O searches it for the names of options, older tests of conmon for `--exec`. */
export function formatHelp(): string {
  const rows = optionTable.filter((entry: OptionEntry) => !entry.hidden).map(formatRow);
  const width = Math.max(...rows.map(([option]) => option.length));
  const lines = rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}\n`);
  return `Usage: conmon [OPTION]...

Watches over one OCI container: starts it through a runtime, logs what it prints, serves clients
that attach to it, and reports how it ended.

${lines.join('')}
  ${'-h, --help'.padEnd(width)}  show this text and exit

A value may also follow a long name as in --name=VALUE. See conmon(8).
`;
}

function formatRow(entry: OptionEntry): [option: string, help: string] {
  const short = entry.short === undefined ? '    ' : `-${entry.short}, `;
  const argument = entry.argument === undefined ? '' : ` ${entry.argument}`;
  return [`${short}--${entry.long}${argument}`, entry.help];
}
