// runc's two places for what it says: the file that --log names, in text or JSON, and stderr.

import { closeSync, openSync, writeSync } from 'node:fs';
import { describeFailure, RuntimeError } from './runtime-error.ts';

export type LogFormat = 'text' | 'json';
export type LogLevel = 'debug' | 'warning' | 'error';

export interface LogOptions {
  /** '' for stderr. */
  readonly log: string;
  readonly logFormat: string;
  readonly debug: boolean;
}

/** Writes one record to the log file; errors go to stderr too, as the caller of a runtime reads them there. */
export type Log = (level: LogLevel, message: string) => void;

export function openLog({ log, logFormat, debug }: LogOptions): Log {
  if (logFormat !== 'text' && logFormat !== 'json')
    throw new RuntimeError(`invalid log-format: ${logFormat}`);
  if (log !== '') closeSync(openLogFile(log));
  return (level, message) => {
    if (level === 'debug' && !debug) return;
    const record = formatRecord(logFormat, level, message, new Date());
    if (log === '') {
      if (level === 'error' || debug) writeSync(2, record);
      return;
    }
    const fd = openLogFile(log);
    writeSync(fd, record);
    closeSync(fd);
    if (level === 'error') writeSync(2, `${message}\n`);
  };
}

/** One line. Exported for tests. */
export function formatRecord(format: LogFormat, level: LogLevel, message: string, now: Date): string {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  if (format === 'json') return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}\n`;
}

function openLogFile(path: string): number {
  try {
    return openSync(path, 'a', 0o644);
  } catch (error) {
    throw new RuntimeError(describeFailure(error), { cause: error });
  }
}
