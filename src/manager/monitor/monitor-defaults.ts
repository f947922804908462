// What a Runtime says of its monitors, and a single creation may say otherwise.

import { ArgumentError } from '../errors.ts';
import type { CreateOptions } from '../types.ts';

/** What is so for a monitor. */
export interface MonitorSettings {
  readonly noPivot: boolean;
  /** Bytes; `Infinity` for no limit. */
  readonly logSizeMaxBytes: number;
}

const conmonsOwn: MonitorSettings = { noPivot: false, logSizeMaxBytes: Number.POSITIVE_INFINITY };

/** The settings that are given, and for the others the defaults. Throws {@link ArgumentError}. */
export function settleMonitor(
  given: Pick<CreateOptions, 'noPivot' | 'logSizeMaxBytes'>,
  defaults: MonitorSettings = conmonsOwn,
): MonitorSettings {
  const { noPivot = defaults.noPivot, logSizeMaxBytes = defaults.logSizeMaxBytes } = given;
  const isSize = Number.isSafeInteger(logSizeMaxBytes) && logSizeMaxBytes > 0;
  if (!isSize && logSizeMaxBytes !== Number.POSITIVE_INFINITY)
    throw new ArgumentError(`logSizeMaxBytes: ${logSizeMaxBytes} is no size in bytes`);
  return { noPivot, logSizeMaxBytes };
}
