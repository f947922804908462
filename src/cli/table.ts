// Tables for people.

import { stripVTControlCharacters } from 'node:util';

/** Lines of a table with its head; columns are as wide as their longest entry, and two spaces apart. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, ...rows.map(row => row.map(printable))];
  const widths = head.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)));
  return lines.map(line =>
    line
      .map((entry, column) => entry.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What a bundle or a program can put into a name must not reach the terminal as a command. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, '?');
}

/** How long ago, in the largest unit that says something. */
export function formatAgo(time: Date | undefined, now: Date): string {
  if (time === undefined) return '-';
  const seconds = Math.max(0, Math.round((now.getTime() - time.getTime()) / 1000));
  for (const [unit, length] of units)
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit} ago`;
  return `${seconds} s ago`;
}

const units = [
  ['days', 86_400],
  ['hours', 3600],
  ['min', 60],
] as const;
