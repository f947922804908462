// The counters of a version 2 cgroup's memory.events. Pure.

/** `oom`: allocations that met the limit and had nothing to reclaim; `oomKill`: processes killed for it. */
export interface OomCounters {
  readonly oom: number;
  readonly oomKill: number;
}

export const noOoms: OomCounters = { oom: 0, oomKill: 0 };

/** Reads the counters from lines `NAME COUNT`; one that is missing, or no number, counts 0. */
export function parseMemoryEvents(content: string): OomCounters {
  return { oom: readCounter(content, 'oom'), oomKill: readCounter(content, 'oom_kill') };
}

/** Whether one of the counters is another than before. Zero is never news. */
export function hasNewOom(before: OomCounters, now: OomCounters): boolean {
  return (now.oom !== 0 && now.oom !== before.oom) || (now.oomKill !== 0 && now.oomKill !== before.oomKill);
}

function readCounter(content: string, name: string): number {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(content)?.[1];
  return value === undefined ? 0 : Number(value);
}
