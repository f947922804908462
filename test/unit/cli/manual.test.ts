import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { formatManPage } from '../../../scripts/build/man-page.ts';
import { catalogue } from '../../../src/cli/catalogue.ts';
import { globalOptions } from '../../../src/cli/global-options.ts';

const manual = readFileSync(join(import.meta.dirname, '../../../docs/conmonctl.1.md'), 'utf8');

it('manual: a man page can be made of it', () => {
  assert.match(formatManPage(manual), /^\.TH CONMONCTL 1 /);
});

it('manual: it has every option of every command, and no other', async () => {
  const optionsIn = (text = '') =>
    [...text.matchAll(/^\* .*\*\*--([\w-]+)\*\*/gm)].map(([, name]) => name!).sort();
  const [before, commands = ''] = manual.split('## COMMANDS');
  assert.deepEqual(optionsIn(before), Object.keys(globalOptions).sort());
  const sections = new Map(
    commands
      .split(/^### /m)
      .map(section => [section.slice(0, section.indexOf('\n')), section.split(/^## /m)[0]]),
  );
  for (const [name, entry] of Object.entries(catalogue)) {
    const { command } = await entry.load();
    // That of `create` refers to `run`.
    const expected = name === 'create' ? [] : Object.keys(command.options).sort();
    assert.deepEqual(optionsIn(sections.get(name)), expected, name);
    for (const alias of entry.aliases) assert.ok(sections.get(name)?.includes(`**${alias}**`), alias);
  }
});
