// Signals by name and number.

import { constants } from 'node:os';

/** A signal as all runtimes take it: a number, or a name without SIG. Real-time signals have no name there. */
export function formatSignal(signal: string | number): string {
  const name = String(signal).replace(/^SIG/, '');
  return String(readRealTime(name) ?? name);
}

/** The number of a signal given as any of `'SIGTERM'`, `'TERM'`, `'SIGRTMIN+3'`, `'15'` and 15; `undefined` where it is
 * none. */
export function numberOfSignal(signal: string | number): number | undefined {
  const name = formatSignal(signal);
  const number = /^\d+$/.test(name) ? Number(name) : signalNumbers[`SIG${name}`];
  return number !== undefined && number >= 1 && number <= realTimeMax ? number : undefined;
}

const signalNumbers: Readonly<Record<string, number | undefined>> = constants.signals;

/** As programs see them; the C library keeps the two before to itself. */
const realTimeMin = 34;
const realTimeMax = 64;

function readRealTime(name: string): number | undefined {
  const [, base, distance = '0'] = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const number = (base === 'MIN' ? realTimeMin : realTimeMax) + Number(distance);
  return number >= realTimeMin && number <= realTimeMax ? number : undefined;
}
