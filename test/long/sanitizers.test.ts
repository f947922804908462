// That a fault would be found: of either kind it ends its process and leaves a report where the tests look.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { variants } from '../../scripts/build/executable.ts';
import { probeSanitizers } from '../fixtures/sanitizers.ts';

const missing = await probeSanitizers();
const options = join(import.meta.dirname, '../fixtures/sanitizer-options.c');

for (const [sanitizer, fault, words] of [
  ['AddressSanitizer', 'free(bytes); return *bytes;', /heap-use-after-free/],
  ['UndefinedBehaviorSanitizer', 'return INT_MAX - count + *bytes;', /signed integer overflow/],
] as const)
  test(`${sanitizer}: a fault ends the process by SIGABRT, and its report is a file`, {
    skip: missing !== undefined && `needs ${missing}`,
  }, t => {
    const folder = mkdtempSync(join(tmpdir(), 'sanitizers-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'program');
    const reports = join(folder, 'reports');
    const { compile, link } = variants.sanitize;
    const flags = [...compile, '-USANITIZER_REPORTS', `-DSANITIZER_REPORTS="${reports}"`, ...link];
    const source = `#include <limits.h>
      #include <stdlib.h>
      int main(int count, char **arguments)
      {
        char *bytes = calloc(1, (size_t)count);
        *bytes = (char)(count + 1);
        ${fault}
      }`;
    const compiled = spawnSync(
      process.env['CC'] ?? 'cc',
      [...flags, '-x', 'c', '-', options, '-o', program],
      {
        input: source,
        encoding: 'utf8',
      },
    );
    assert.equal(compiled.status, 0, compiled.stderr);
    const { signal } = spawnSync(program, { env: {}, stdio: 'ignore' });
    assert.equal(signal, 'SIGABRT');
    const [name = 'none'] = readdirSync(reports);
    assert.match(readFileSync(join(reports, name), 'utf8'), words);
  });
