import { constants } from 'node:os';
import { RuntimeError } from './runtime-error.ts';

/** `TERM`, `SIGTERM`, `term` or `15`, as on runc's command line, to a number. */
export function parseSignal(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG');
  const number = (constants.signals as Readonly<Record<string, number>>)[name];
  if (number === undefined) throw new RuntimeError(`unknown signal "${text}"`);
  return number;
}
