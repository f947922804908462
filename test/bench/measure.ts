// What every measurement is given, and what it returns.

import type { Workplace } from './bench-monitor.ts';
import type { Contenders } from './contenders.ts';
import type { Sample } from './statistics.ts';

export interface Bench {
  readonly contenders: Contenders;
  readonly workplace: Workplace;
  /** Fewer runs, and less in each: for a first look. */
  readonly isQuick: boolean;
}

export interface Measurement {
  /** For --only. */
  readonly name: string;
  /** Undefined where it cannot be made here. */
  run(bench: Bench): Promise<Sample[]>;
}
