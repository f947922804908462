// Which wrong arguments the calls of the executable take.

import type { Sys } from '../../../src/sys/sys.ts';
import { callNames, findRefused, findTaken } from '../../fixtures/wrong-arguments.ts';

declare const conmonSys: Sys;

export function tell(say: (line: string) => void): void {
  for (const name of callNames) {
    const faults = [
      ...findTaken(conmonSys, name).map(call => `takes ${call}`),
      ...findRefused(conmonSys, name).map(call => `refuses ${call}`),
    ];
    say(faults.length === 0 ? `${name}: right` : faults.join('; '));
  }
}
