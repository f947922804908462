// One line of a container's log, as it is shown.

import type { LogEntry } from '../manager/index.ts';

const red = '\x1b[31m';
const faint = '\x1b[2m';
const plain = '\x1b[0m';

/** The line's bytes as they are, after its time where that is wanted. In colour, time is faint and standard error
 * red. A line that has not ended in the log is not ended here either. */
export function formatEntry(
  entry: LogEntry,
  { timestamps, colour }: { readonly timestamps: boolean; readonly colour: boolean },
): Buffer {
  const time = colour ? `${faint}${entry.timestamp}${plain} ` : `${entry.timestamp} `;
  const isRed = colour && entry.stream === 'stderr';
  return Buffer.concat([
    Buffer.from(`${timestamps ? time : ''}${isRed ? red : ''}`),
    entry.data,
    Buffer.from(`${isRed ? plain : ''}${entry.partial ? '' : '\n'}`),
  ]);
}

/** The same as a line of JSON: `text`, or `base64` for what is no UTF-8. */
export function formatEntryJson(entry: LogEntry): string {
  const { timestamp, stream, partial, data } = entry;
  const text = data.toString('utf8');
  const content = Buffer.from(text).equals(data) ? { text } : { base64: data.toString('base64') };
  return `${JSON.stringify({ timestamp, stream, partial, ...content })}\n`;
}
