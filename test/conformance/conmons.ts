// The two conmons that are compared.

import { execFileSync } from 'node:child_process';
import { findIn, findInPath } from '../../src/manager/executables.ts';
import { conmon as ourPath } from '../fixtures/conmon.ts';

/** What a C conmon is: releases before 2.2, the releases from then on, and what comes after 2.2.1 in the repository. */
export type Generation = '2.1' | '2.2' | 'main';

export interface Conmon {
  readonly path: string;
  readonly isOurs: boolean;
}

export interface Conmons {
  readonly ours: Conmon;
  readonly theirs: Conmon;
  readonly generation: Generation;
  /** For people: the version and the path. */
  readonly theirName: string;
}

/** What is missing here for a comparison, in words that complete "needs …"; undefined when nothing is. */
export async function probeCConmon(): Promise<string | undefined> {
  return findCConmon() === undefined ? 'a C conmon in PATH, or CONMON_C to name one' : undefined;
}

/** Throws where there is no C conmon. */
export function findConmons(): Conmons {
  const path = findCConmon();
  if (path === undefined) throw new Error('There is no C conmon: not in PATH, and CONMON_C names none.');
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' });
  const number = /\d+\.\d+\.\d+/.exec(version)?.[0] ?? '0.0.0';
  return {
    ours: { path: ourPath, isOurs: true },
    theirs: { path, isOurs: false },
    generation: tellGeneration(number, execFileSync(path, ['--help'], { encoding: 'utf8' })),
    theirName: `${path}, version ${number}`,
  };
}

/** What follows 2.2.1 still calls itself that, but no longer knows what 2.2.1 has for seccomp. */
export function tellGeneration(version: string, help: string): Generation {
  const [major, minor] = version.split('.').map(Number) as [number, number];
  if (major < 2 || (major === 2 && minor < 2)) return '2.1';
  return help.includes('--seccomp-notify-socket') ? '2.2' : 'main';
}

function findCConmon(): string | undefined {
  const named = process.env['CONMON_C'];
  return named ? findIn(['.'], named) : findInPath('conmon');
}
