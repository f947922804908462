// The heap's blocks (src/engine/blocks.c) against a model; see programs/blocks-fuzz.c.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { compileProgram } from './c-program.ts';

const seeds = Array.from({ length: Number(process.env['BLOCKS_SEEDS'] ?? 3) }, (_, n) => n + 1);
const stepsPerSeed = 400_000;
/** In blocks.c: what is kept for what comes next. */
const keptPagesMax = 16;
/** In a region; the first granule holds its state. */
const granules = { usable: 255, reserve: 64 };

test('blocks: random takes and returns keep their bytes, and all pages go back', t => {
  const fuzz = compileFuzz(t);
  for (const seed of seeds) {
    const found = run(fuzz, 'random', seed, stepsPerSeed);
    assert.ok(found['regions_most']! > 10, 'the heap grows beyond its first region');
    assert.ok(found['kept_pages_most']! <= keptPagesMax);
    assert.equal(found['regions_after'], 1, 'every other region is unmapped');
    assert.ok(
      found['resident_pages_after']! <= 1 + keptPagesMax,
      `${found['resident_pages_after']} pages stay`,
    );
    assert.equal(found['mappings_more'], 0);
  }
});

test('blocks: where the system has no more, the reserve opens, then requests fail, and what comes back is used', t => {
  const fuzz = compileFuzz(t);
  for (const seed of seeds) {
    const found = run(fuzz, 'refused', seed);
    assert.equal(found['reserve_at_first'], 0, 'no request for a mapping of its own opens it');
    assert.equal(found['granules_of_reserve'], granules.reserve);
    assert.equal(found['after_two_came_back'], 2);
    assert.ok(found['small_in_one_granule']! >= 15);
    assert.equal(found['granules_when_all_is_back'], granules.usable);
    assert.equal(found['regions_without_a_system'], 1);
    assert.equal(found['taken_when_system_is_back'], 1);
    assert.equal(found['regions_after'], 1);
  }
});

function compileFuzz(t: TestContext): string {
  return compileProgram(t, 'blocks-fuzz', [
    '-O1',
    '-g',
    '-fsanitize=undefined',
    '-fno-sanitize-recover=undefined',
  ]);
}

/** What it says: a name and a number a line. */
function run(path: string, ...args: (string | number)[]): Partial<Record<string, number>> {
  const said = execFileSync(path, args.map(String), { encoding: 'utf8' });
  return Object.fromEntries(
    said
      .trim()
      .split('\n')
      .map(line => line.split(' '))
      .map(([name, value]) => [name, Number(value)]),
  );
}
