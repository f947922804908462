// The monitor's replies: one JSON object a line (docs/behaviour/pipes.md, P9 to P12).

import type { Readable } from 'node:stream';

/** One reply: a process ID, an exit code or a negative number, and what the runtime said where it failed. */
export interface SyncReply {
  readonly value: number;
  readonly message: string | undefined;
}

/** C conmon's longest reply is its 8 KiB of the runtime's words, every byte escaped to six. */
const replyBytesMax = 64 * 1024;

/** Yields the replies; ends when the monitor closes its end. A line that is no reply is dropped. */
export async function* readReplies(stream: Readable): AsyncGenerator<SyncReply, void, undefined> {
  let pending = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    const lines = (pending + String(chunk)).split('\n');
    pending = (lines.pop() ?? '').slice(0, replyBytesMax);
    for (const line of lines) {
      const reply = parseReply(line);
      if (reply) yield reply;
    }
  }
}

/** One line of the sync pipe; its number is under `data`, or for old callers `pid` or `exit_code`. */
export function parseReply(line: string): SyncReply | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const number = fields['data'] ?? fields['pid'] ?? fields['exit_code'];
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined;
  return { value: number, message: typeof fields['message'] === 'string' ? fields['message'] : undefined };
}
