// The first start of a monitor in a small pod, whose cgroup pays for the pages of the executable that are read from the
// disk. `npm run bench` measures how small it may be; this fails when that grows beyond what docs/install.md says.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeWorkplace, type Workplace } from '../bench/bench-monitor.ts';
import { evict, probeCgroup, runsWithin } from '../bench/measure-cgroup.ts';
import { conmon, form, withoutStatic } from '../fixtures/conmon.ts';

const install = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');
const promised = {
  go: Number(/memory cgroup of (\d+) KiB/.exec(install)?.[1]),
  beginning: Number(/begins in the cgroup needs\s+(\d+) KiB/.exec(install)?.[1]),
};
/** How often it is started: one start alone may be lucky. */
const startsCount = 10;

// Of Node.js nothing is promised.
if (form === 'compiled') {
  const missing = probeCgroup();
  const skip = withoutStatic || (missing !== undefined && `needs ${missing}`);
  let workplace: Workplace;
  let copy = '';

  before(() => {
    const folder = mkdtempSync(join(import.meta.dirname, '../../build/small-cgroup-')); // on a disk
    workplace = makeWorkplace(folder);
    copy = join(folder, 'conmon');
    copyFileSync(conmon, copy); // one that nobody runs, and whose pages can be evicted
  });

  after(() => rmSync(join(copy, '..'), { recursive: true }));

  for (const [what, isCached, from] of [
    ['that is not in the page cache', false, 'go'],
    ['in the page cache', true, 'go'],
    ['that is not in the page cache', false, 'beginning'],
  ] as const)
    test(`R26 an executable ${what}: a container starts and ends in a memory cgroup of ${promised[from]} KiB that conmon is in from its ${from}`, {
      skip,
    }, t => {
      assert.ok(promised[from] > 0);
      for (let i = 0; i < startsCount; i++) {
        if (isCached) readFileSync(copy);
        else if (!evict(workplace, copy)) return t.skip('needs the checkout on a disk');
        assert.ok(runsWithin(promised[from] * 1024, workplace, copy, from), `start ${i + 1}`);
      }
    });
}
