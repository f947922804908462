// The worked example of docs/manager.md, run as it stands there.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { conmons, makeManager, makeShellBundle, ociRuntime } from './manager-harness.ts';

const manual = readFileSync(join(import.meta.dirname, '../../docs/manager.md'), 'utf8');
const library = pathToFileURL(join(import.meta.dirname, '../../src/manager/index.ts')).href;

for (const conmon of conmons)
  describe(`manager’s manual over ${conmon.name}`, () => {
    test('the worked example prints what the manual says', async t => {
      const manager = makeManager(t, conmon); // deletes what a failing example leaves
      const dir = mkdtempSync(join(tmpdir(), 'manager-example-'));
      t.after(() => rmSync(dir, { recursive: true }));
      const bundle = makeShellBundle(t, 'echo started; cat; exit 3');
      const values = { ociRuntime, root: manager.root, bundle };
      const head = Object.entries(values).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
      const code = block('ts').replace("'conmon-ts'", JSON.stringify(library));
      // The example takes the monitor that is found; here it is the one under test.
      const tested = code.replace('root });', `root, conmon: ${JSON.stringify(conmon.path)} });`);
      assert.notEqual(tested, code);
      const file = join(dir, 'example.mts');
      writeFileSync(file, [...head, tested].join('\n'));
      const { stdout } = await execa(process.execPath, [file]);
      // Two writes may arrive in one piece.
      assert.equal(stdout.replace('attach: started\nhello', 'attach: started\nattach: hello'), block('text'));
    });
  });

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(manual)?.[1];
  assert.ok(found !== undefined);
  return found;
}
