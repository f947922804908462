// The two conmons that are measured.

import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Conmon } from '../podman/harness/conmons.ts';

export interface Contenders {
  readonly theirs: Conmon;
  readonly ours: Conmon;
}

/** What was measured for each of them. */
export type Pair<Value> = { readonly [Who in keyof Contenders]: Value };

/** Ours is dist/conmon or CONMON_UNDER_TEST, the C conmon the one in PATH or CONMON_C. */
export function findContenders(): Contenders {
  const theirs = process.env.CONMON_C ?? findInPath('conmon');
  if (theirs === undefined)
    throw new Error('There is no C conmon to compare with: install one, or name it in CONMON_C.');
  const ours = process.env.CONMON_UNDER_TEST ?? resolve(import.meta.dirname, '../../dist/conmon');
  return { theirs: describeConmon('C conmon', theirs, true), ours: describeConmon('conmon-ts', ours, false) };
}

/** Runs both, `count` times, each pair close together; who goes first alternates. */
export async function inPairs(
  { theirs, ours }: Contenders,
  count: number,
  measure: (conmon: Conmon, round: number) => Promise<number>,
): Promise<Pair<number[]>> {
  const values: Pair<number[]> = { theirs: [], ours: [] };
  for (let round = 0; round < count; round++) {
    const both = [
      async () => values.theirs.push(await measure(theirs, round)),
      async () => values.ours.push(await measure(ours, round)),
    ];
    for (const one of round % 2 === 0 ? both : both.reverse()) await one();
  }
  return values;
}

function describeConmon(name: string, path: string, isReference: boolean): Conmon {
  const real = realpathSync(path);
  return { name, path: real, home: dirname(real), isReference };
}

function findInPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(directory => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
