// The conmons that are measured: ours, and one or two in C.

import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { findInPath } from '../../src/manager/executables.ts';
import { tellGeneration } from '../conformance/conmons.ts';
import type { Conmon } from '../podman/harness/conmons.ts';

/** Something for each of them. */
export interface Each<Value> {
  /** The C conmon that ours is compared with. */
  readonly theirs: Value;
  readonly ours: Value;
  /** Another C conmon, for the record. */
  readonly other?: Value;
}

export type Who = keyof Each<unknown>;
export type Contenders = Each<Conmon>;

/** Ours is dist/conmon or CONMON_UNDER_TEST, the C conmons those that CONMON_C names and that PATH has. */
export function findContenders(): Contenders {
  const paths = [process.env['CONMON_C'], findInPath('conmon')].filter(path => path !== undefined);
  const [theirs, other] = new Set(paths.map(path => realpathSync(path)));
  if (theirs === undefined)
    throw new Error('There is no C conmon to compare with: install one, or name it in CONMON_C.');
  const ours = process.env['CONMON_UNDER_TEST'] ?? resolve(import.meta.dirname, '../../dist/conmon');
  return {
    theirs: describeConmon(nameCConmon(theirs), theirs, true),
    ours: describeConmon('conmon-ts', ours, false),
    ...(other === undefined ? {} : { other: describeConmon(nameCConmon(other), other, true) }),
  };
}

export function forEach<Value, Result>(each: Each<Value>, make: (value: Value) => Result): Each<Result> {
  const { theirs, ours, other } = each;
  return {
    theirs: make(theirs),
    ours: make(ours),
    ...(other === undefined ? {} : { other: make(other) }),
  };
}

/** One after the other: for what they would share if they were there together. */
export async function oneByOne<Value, Result>(
  { theirs, ours, other }: Each<Value>,
  make: (value: Value) => Promise<Result>,
): Promise<Each<Result>> {
  return {
    theirs: await make(theirs),
    ours: await make(ours),
    ...(other === undefined ? {} : { other: await make(other) }),
  };
}

/**
 * Runs all of them `count` times. Ours and the one that it is compared with come one right after the other; who of
 * them goes first alternates. Returns the values of all runs, by their names.
 */
export async function inTurns<Name extends string>(
  contenders: Contenders,
  count: number,
  measure: (conmon: Conmon, who: Who) => Promise<Record<Name, number>>,
): Promise<Record<Name, Each<number[]>>> {
  const runs = forEach(contenders, (): Record<Name, number>[] => []);
  const order = (['other', 'theirs', 'ours'] as const).filter(who => contenders[who] !== undefined);
  for (let round = 0; round < count; round++)
    for (const who of round % 2 === 0 ? order : order.toReversed())
      runs[who]!.push(await measure(contenders[who]!, who));
  const names = Object.keys(runs.ours[0]!) as Name[];
  const values = names.map(name => [name, forEach(runs, list => list.map(run => run[name]))] as const);
  return Object.fromEntries(values) as Record<Name, Each<number[]>>;
}

/** The first line is `conmon version 2.2.1`, the second `commit: ` and that, or `unknown`. */
function nameCConmon(path: string): string {
  const ask = (option: string) => execFileSync(path, [option], { encoding: 'utf8' });
  const text = ask('--version');
  const version = /\d+\.\d+\.\d+/.exec(text)?.[0] ?? 'of unknown version';
  if (tellGeneration(version, ask('--help')) !== 'main') return `C conmon ${version}`;
  const commit = /^commit: ([0-9a-f]{8})/m.exec(text)?.[1];
  return commit === undefined ? 'C conmon main' : `C conmon main ${commit}`;
}

function describeConmon(name: string, path: string, isReference: boolean): Conmon {
  const real = realpathSync(path);
  return { name, path: real, home: dirname(real), isReference };
}
