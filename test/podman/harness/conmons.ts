// The two conmons that every scenario runs under: the C one, whose answers are the reference, and ours.

import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface Conmon {
  readonly name: string;
  /** What Podman is told to start. */
  readonly path: string;
  /** The directory below which the executable of the resident process lies. */
  readonly home: string;
  readonly isReference: boolean;
}

/** Both where both are there. CONMON_REFERENCE and CONMON_UNDER_TEST name others than /usr/bin/conmon and dist/conmon. */
export function findConmons(): Conmon[] {
  const reference = process.env.CONMON_REFERENCE ?? '/usr/bin/conmon';
  const underTest = process.env.CONMON_UNDER_TEST ?? resolve(import.meta.dirname, '../../../dist/conmon');
  return [
    ...(existsSync(reference) ? [describeConmon('C conmon', reference, true)] : []),
    describeConmon('conmon-ts', underTest, false),
  ];
}

function describeConmon(name: string, path: string, isReference: boolean): Conmon {
  const home = existsSync(path) ? dirname(realpathSync(path)) : dirname(path);
  return { name, path, home, isReference };
}
