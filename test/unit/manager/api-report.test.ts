// The public surface is that of the report that is checked in.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, it } from 'node:test';
import { makeReport, reportPath } from '../../../scripts/api-report.ts';

const name = relative(process.cwd(), reportPath);

describe('the report of the public surface', () => {
  const { text, faults } = makeReport();

  it('is that of the sources: what changes is seen in review', () => {
    const words = `the public surface is not that of ${name}: \`npm run api-report\` writes it anew`;
    assert.equal(text, readFileSync(reportPath, 'utf8'), words);
  });

  it('names no type that cannot be imported', () => assert.deepEqual(faults, []));

  it('has nothing at its top that is not documented', () => {
    assert.doesNotMatch(text, /^\/\/ @\w+ \(undocumented\)$/m);
    assert.match(text, /^\/\/ @public\nexport class Runtime /m);
  });
});
