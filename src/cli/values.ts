// Values that people write: durations, times, sizes, users, labels.

import { constants } from 'node:os';
import { UsageError } from './usage-error.ts';

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `10`, `1.5`, `500ms`, `2m` or `1h30m`; a number alone is seconds. `infinity`, systemd's word, is
 * Infinity. Throws {@link UsageError}. */
export function parseDuration(text: string, option: string): number {
  return text === 'infinity' ? Number.POSITIVE_INFINITY : parseFiniteDuration(text, option);
}

function parseFiniteDuration(text: string, option: string): number {
  const withUnits = /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text;
  const parts = [...withUnits.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const ms = Math.round(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitsMs[unit as keyof typeof unitsMs], 0),
  );
  const isWhole = parts.map(([part]) => part).join('') === withUnits;
  if (parts.length === 0 || !isWhole || !Number.isSafeInteger(ms))
    throw new UsageError(
      `${option}: ${JSON.stringify(text)} is no duration; 10, 1.5s, 500ms, 2m, 1h30m, 30d and infinity are`,
    );
  return ms;
}

/** A moment: RFC 3339 (`2026-01-02T03:04:05Z`, a date alone), seconds since 1970, or a duration before `now`. */
export function parseTime(text: string, option: string, now: Date): Date {
  const time = new Date(readTimeMs(text, option, now));
  if (!Number.isNaN(time.getTime())) return time;
  throw new UsageError(
    `${option}: ${JSON.stringify(text)} is no time; 2026-01-02T03:04:05Z, 1767323045 and 10m (ago) are`,
  );
}

function readTimeMs(text: string, option: string, now: Date): number {
  if (/^\d{9,}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^\d{4}-\d\d-\d\d/.test(text)) return Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return /^\d/.test(text) ? now.getTime() - parseFiniteDuration(text, option) : Number.NaN;
}

const unitsBytes = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

/** Bytes of `4096`, `64k`, `10m` or `1g`; also `10M` and `10MiB`. */
export function parseSize(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d+)([kmg]?)(?:i?b)?$/.exec(text.toLowerCase()) ?? [];
  const bytes = Number(count) * unitsBytes[unit as keyof typeof unitsBytes];
  if (count === undefined || !Number.isSafeInteger(bytes) || bytes === 0)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is no size; 4096, 64k, 10m and 1g are`);
  return bytes;
}

/** A whole number from 0 on. */
export function parseCount(text: string, option: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option}: ${JSON.stringify(text)} is no whole number`);
  return Number(text);
}

/** `NAME=value` as it is; `NAME` with the value that it has for conmonctl, nothing where it has none. */
export function expandEnv(
  entries: readonly string[],
  environment: NodeJS.ProcessEnv,
  option = '--env',
): string[] {
  return entries.flatMap(entry => {
    if (entry === '' || entry.startsWith('='))
      throw new UsageError(`${option}: ${JSON.stringify(entry)} has no name`);
    if (entry.includes('=')) return [entry];
    const value = environment[entry];
    return value === undefined ? [] : [`${entry}=${value}`];
  });
}

/** `key=value` pairs, a key alone with an empty value. */
export function parseLabels(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(entry => {
      const at = entry.indexOf('=');
      if (entry === '' || at === 0) throw new UsageError(`--label: ${JSON.stringify(entry)} has no key`);
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** `UID[:GID]`: names are for the container's own files to tell, which are not read. */
export function parseUser(text: string): { readonly uid: number; readonly gid: number } {
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  if (uid === undefined)
    throw new UsageError(`--user: ${JSON.stringify(text)} is no UID or UID:GID; conmonctl takes numbers`);
  return { uid: Number(uid), gid: Number(gid ?? 0) };
}

/** A signal's name with SIG, or its number. */
export function parseSignal(text: string, option: string): NodeJS.Signals | number {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const named = Object.keys(constants.signals).find(known => known === name);
  if (named !== undefined) return named as NodeJS.Signals;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 64)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is no signal; TERM, SIGTERM and 15 are`);
  return number;
}
