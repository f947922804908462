// A checkout may lie in a folder with a space in its name: a program that a test's shell script starts is in quotes.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const project = join(import.meta.dirname, '../../..');
/** `exec ${path}`, and `${path} "$@"` at the beginning of a line. */
const unquoted = /(?:\b|\\n)exec \$\{|(?:`|\\n)\$\{[^`\n]*\} "\$@/;

test('shell scripts: no program is started by a path without quotes', () => {
  const files = globSync('{test,scripts}/**/*.ts', { cwd: project });
  assert.ok(files.length > 100);
  const found = files.flatMap(file =>
    readFileSync(join(project, file), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        unquoted.test(line) && !line.startsWith('/** `exec') ? `${file}:${i + 1}: ${line.trim()}` : [],
      ),
  );
  assert.deepEqual(found, []);
});
