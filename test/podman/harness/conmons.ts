// The two conmons that every scenario runs under: the C one, whose answers are the reference, and ours.

import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { conmon } from '../../fixtures/conmon.ts';

export interface Conmon {
  readonly name: string;
  /** What Podman is told to start. */
  readonly path: string;
  /** The directory below which the executable of the resident process lies. */
  readonly home: string;
  readonly isReference: boolean;
}

/** Both where both are there. CONMON_C and CONMON name others than /usr/bin/conmon and ours. */
export function findConmons(): Conmon[] {
  const reference = process.env['CONMON_C'] ?? '/usr/bin/conmon';
  return [
    ...(existsSync(reference) ? [describeConmon('C conmon', reference, true)] : []),
    describeConmon('conmon-ts', conmon, false),
  ];
}

function describeConmon(name: string, path: string, isReference: boolean): Conmon {
  const home = existsSync(path) ? dirname(realpathSync(path)) : dirname(path);
  return { name, path, home, isReference };
}
