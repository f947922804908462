// conmonctl's own log: pino's, on standard error, as JSON lines or for a person.

import { writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';

export type LogFormat = 'pretty' | 'json';

/** Makes the log. It is written at once, so that nothing of it is lost at an exit. */
export function makeLogger(level: string, format: LogFormat): Logger {
  const options = { level, base: { program: 'conmonctl', pid: process.pid } };
  const write = (line: string) => writeQuietly(format === 'json' ? line : formatPretty(line));
  return pino(options, { write });
}

/** One line of pino's as a person reads it: level, message, then what belongs to it. */
export function formatPretty(line: string): string {
  const { level, msg, time: _time, program, pid: _pid, err, ...rest } = JSON.parse(line) as PinoLine;
  const name = pino.levels.labels[level] ?? String(level);
  const facts = Object.entries(rest).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const words = err?.message === undefined ? '' : `: ${err.message}`;
  return `${program}: ${name}: ${msg ?? ''}${words}${facts.join('')}\n`;
}

interface PinoLine {
  readonly level: number;
  readonly msg?: string;
  readonly time?: unknown;
  readonly program?: string;
  readonly pid?: unknown;
  readonly err?: { readonly message?: string };
  readonly [key: string]: unknown;
}

function formatValue(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=]+$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

/** Nobody is left to be told that standard error is gone. */
function writeQuietly(text: string): void {
  try {
    writeSync(process.stderr.fd, text);
  } catch {}
}
