// Which tests run which part of a source, so that a change is only tried with tests that can see it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** What one test file runs, and how long it takes. */
export interface Coverage {
  readonly test: string;
  readonly ms: number;
  /** Types are blanked out, not cut out: places are those of the source. */
  covers(url: string, at: number): boolean;
}

/** Throws where the test fails as it is. */
export function measureCoverage(test: string): Coverage {
  const dir = mkdtempSync(join(tmpdir(), 'coverage-'));
  try {
    const begun = performance.now();
    const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-isolation=none', test], {
      env: { ...process.env, NODE_V8_COVERAGE: dir },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${test} fails as it is:\n${stdout}`);
    const ms = performance.now() - begun;
    const scripts = new Map<string, ScriptCoverage[]>();
    for (const name of readdirSync(dir)) {
      const { result } = JSON.parse(readFileSync(join(dir, name), 'utf8')) as { result: ScriptCoverage[] };
      for (const script of result)
        if (script.url.includes('/src/'))
          scripts.set(script.url, [...(scripts.get(script.url) ?? []), script]);
    }
    return { test, ms, covers: (url, at) => (scripts.get(url) ?? []).some(script => isRun(script, at)) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The smallest range around a place has its count. */
function isRun({ functions }: ScriptCoverage, at: number): boolean {
  let smallest: Range | undefined;
  for (const { ranges } of functions)
    for (const range of ranges) {
      if (at < range.startOffset || at >= range.endOffset) continue;
      const size = range.endOffset - range.startOffset;
      if (smallest === undefined || size <= smallest.endOffset - smallest.startOffset) smallest = range;
    }
  return (smallest?.count ?? 0) > 0;
}
