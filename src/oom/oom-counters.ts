// The counters of OOMs in a cgroup's memory.events or memory.oom_control. Pure.

import { hasAt, parseDecimal, split } from '../sys/bytes.ts';
import { utf8Bytes } from '../sys/text.ts';

/** `oom`: allocations that met the limit and had nothing to reclaim; `oomKill`: processes killed for it. */
export interface OomCounters {
  readonly oom: number;
  readonly oomKill: number;
}

export const noOoms: OomCounters = { oom: 0, oomKill: 0 };

/** Reads the counters from lines `NAME COUNT`; one that is missing, or no number, counts 0. */
export function parseOomCounters(content: Uint8Array): OomCounters {
  const lines = split(content, newline);
  return { oom: readCounter(lines, 'oom'), oomKill: readCounter(lines, 'oom_kill') };
}

/** Whether one of the counters is another than before. Zero is never news. */
export function hasNewOom(before: OomCounters, now: OomCounters): boolean {
  return (now.oom !== 0 && now.oom !== before.oom) || (now.oomKill !== 0 && now.oomKill !== before.oomKill);
}

const newline = 0x0a;

/** Of several lines with that name and a number, the first counts. */
function readCounter(lines: readonly Uint8Array[], name: string): number {
  const start = utf8Bytes(`${name} `);
  for (const line of lines) {
    const count = hasAt(line, 0, start) ? parseDecimal(line.subarray(start.length)) : undefined;
    if (count !== undefined) return count;
  }
  return 0;
}
