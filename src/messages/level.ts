// Which of the monitor's own messages are said: the words of --log-level, and their order.

import { Refusal } from '../sys/errors.ts';

/** How much is said: a level includes those before it. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** The level when `--log-level` is not given. */
export const defaultLogLevel: LogLevel = 'warn';

/**
 * The level that a word of `--log-level` stands for, in any case.
 *
 * Throws a {@link Refusal} for a word that is none.
 */
export function parseLogLevel(word: string): LogLevel {
  const level = levelsByWord.get(word.toLowerCase());
  if (level === undefined) throw new Refusal(`No such log level ${word}`);
  return level;
}

/** Whether messages of level `message` are said where `configured` was asked for. */
export function isSaid(message: LogLevel, configured: LogLevel): boolean {
  return order.indexOf(message) <= order.indexOf(configured);
}

const order: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace'];

const levelsByWord: ReadonlyMap<string, LogLevel> = new Map([
  ['error', 'error'],
  ['fatal', 'error'],
  ['panic', 'error'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
]);
