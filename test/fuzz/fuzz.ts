// Runs one kind of input for a while, over an executable with sanitizers. Each round's input comes from a seed of its
// own, so that a single one can be had again:
//
//   CONMON_FUZZ_SECONDS  how long all kinds take together (240)
//   CONMON_FUZZ_SEED     the seed of the first round; by chance when not given
//
// What went wrong is named with the seed to begin with, and its input is kept in build/fuzz.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { readReports } from '../fixtures/sanitizers.ts';

/** Where the inputs of some rounds go: a life for each, or one life for all. */
interface Session<Input> {
  /** What is wrong with what the input did, or undefined. */
  try(input: Input): string | undefined;
  /** The same, of what shows at the end. */
  end?(): string | undefined;
}

export interface Kind<Input> {
  readonly name: string;
  readonly input: fc.Arbitrary<Input>;
  /** Why it cannot be here; false when it can. */
  readonly skip?: string | false;
  readonly roundsPerSession: number;
  open(t: TestContext, conmon: string): Session<Input>;
}

/** What lasts longer hangs; sanitizers, and tests beside us, make all slow. */
export const limitMs = 90_000;

export const secondsInAll = Number(process.env['CONMON_FUZZ_SECONDS'] ?? 240);

const firstSeed = Number(process.env['CONMON_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const faultsMax = 5;
const failedInputs = join(import.meta.dirname, '../../build/fuzz');

/** For so many seconds, and one session at least. */
export async function fuzz<Input>(
  t: TestContext,
  kind: Kind<Input>,
  conmon: string,
  seconds: number,
): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  const faults: string[] = [];
  let rounds = 0;
  do {
    const sessionSeed = firstSeed + rounds;
    await t.test(`from seed ${sessionSeed} on`, part => {
      let session: Session<Input>;
      const isSound = (input: Input | undefined, act: () => string | undefined) => {
        const fault = attempt(act);
        const found = [...(fault === undefined ? [] : [fault]), ...newReports()];
        if (found.length === 0) return true;
        faults.push(`seed ${sessionSeed}: ${keep(kind, firstSeed + rounds, input)}${found.join('\n')}`);
        return false;
      };
      const open = () => {
        session = kind.open(part, conmon);
        return undefined;
      };
      if (!isSound(undefined, open)) return;
      for (let i = 0; i < kind.roundsPerSession && (i === 0 || performance.now() < endMs); i++) {
        const [input] = fc.sample(kind.input, { seed: firstSeed + rounds, numRuns: 1 }) as [Input];
        if (!isSound(input, () => session.try(input))) return;
        rounds++;
      }
      isSound(undefined, () => session.end?.());
    });
  } while (performance.now() < endMs && faults.length < faultsMax);
  t.diagnostic(`${kind.name}: ${rounds} inputs`);
  assert.equal(faults.join('\n\n'), '');
}

function attempt(act: () => string | undefined): string | undefined {
  try {
    return act();
  } catch (error) {
    return error instanceof Error ? error.stack : String(error);
  }
}

/** Writes a failing input down; where. */
function keep<Input>(kind: Kind<Input>, seed: number, input: Input | undefined): string {
  if (input === undefined) return '';
  mkdirSync(failedInputs, { recursive: true });
  const path = join(failedInputs, `${kind.name.replaceAll(/\W+/g, '-')}-${seed}`);
  writeFileSync(path, fc.stringify(input));
  return `${path}: `;
}

const seen = new Set<string>();

function newReports(): string[] {
  const reports = readReports().filter(report => !seen.has(report));
  for (const report of reports) seen.add(report);
  return reports;
}
