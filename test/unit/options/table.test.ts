import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionsHeader } from '../../../scripts/build/options-header.ts';
import { formatHelp } from '../../../src/options/help.ts';
import { type OptionEntry, optionTable } from '../../../src/options/table.ts';
import { formatVersion, version } from '../../../src/options/version.ts';

const entries: readonly OptionEntry[] = optionTable;
const project = join(import.meta.dirname, '../../..');

test('table: names and letters are unique, and older names stand for options of their own kind', () => {
  assert.equal(new Set(entries.map(({ long }) => long)).size, entries.length);
  const letters = entries.flatMap(({ short }) => short ?? []);
  assert.equal(new Set(letters).size, letters.length);
  for (const { aliasOf, kind } of entries) {
    if (aliasOf !== undefined) assert.equal(entries.find(({ long }) => long === aliasOf)?.kind, kind);
  }
});

test('table: values have an argument word, flags have none', () => {
  for (const { kind, argument, long } of entries) assert.equal(argument === undefined, kind === 'flag', long);
});

test('O11 help: names every option that is not hidden, and fits CRI-O and the tests of conmon', () => {
  const help = formatHelp();
  for (const { long, short, hidden } of entries) {
    const name = short === undefined ? `    --${long}` : `-${short}, --${long}`;
    assert.equal(new RegExp(`^  ${name}\\b(?!-)`, 'm').test(help), !hidden, long);
  }
  assert.ok(help.includes('--log-global-size-max') && help.includes('--exec '));
  assert.match(help, /^[\n\x20-\x7e]+$/, 'any locale can show it');
});

test('O12 version: the third word is a semantic version from 2.2.1 on, of this package in its build metadata', () => {
  const ours = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).version;
  assert.equal(version, `2.2.1+ts.${ours}`);
  assert.equal(formatVersion().split(/\s+/)[2], version);
  // What Podman 4 reads it with, and the grammar of build metadata that CRI-O's reader follows.
  assert.match(formatVersion(), /^conmon version (?<Major>\d+).(?<Minor>\d+).(?<Patch>\d+)/);
  assert.match(version, /^\d+\.\d+\.\d+\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/);
});

test('O12 version: the second and last line is the commit', () => {
  assert.match(formatVersion(), /^[^\n]+\ncommit: \S+\n$/);
});

test('manual: describes every option, with its letter and argument, and no other', () => {
  const manual = readFileSync(join(project, 'docs/conmon.8.md'), 'utf8');
  const heading = /^\* (?:\*\*-(\S)\*\*, )?\*\*--([a-z-]+)\*\*(?: \*(\S+)\*)?$/gm;
  const documented = [...manual.matchAll(heading)].map(([, short, long, argument]) => ({
    long: long!,
    short,
    argument,
  }));
  const expected = [
    ...entries.map(({ long, short, argument }) => ({ long, short, argument })),
    { long: 'help', short: 'h', argument: undefined },
  ];
  const byName = (a: { long: string }, b: { long: string }) => (a.long < b.long ? -1 : 1);
  assert.deepEqual(documented.sort(byName), expected.sort(byName));
});

test('behaviour: every numbered rule of docs/behaviour/options.md is named by a test', () => {
  const rules =
    readFileSync(join(project, 'docs/behaviour/options.md'), 'utf8').match(/^\*\*O\d+\*\*/gm) ?? [];
  const folders = ['test/unit/options', 'test/unit/runtime', 'test/e2e'].map(folder => join(project, folder));
  const titles = folders
    .flatMap(folder => readdirSync(folder).map(file => join(folder, file)))
    .filter(file => file.endsWith('.test.ts'))
    .flatMap(file => readFileSync(file, 'utf8').match(/^test\(['`]O\d+/gm) ?? []);
  const tested = new Set(titles.map(title => title.replace(/^test\(['`]/, '')));
  const numbered = rules.map(rule => rule.replaceAll('*', ''));
  assert.deepEqual(
    numbered,
    numbered.map((_, index) => `O${index + 1}`),
  );
  assert.deepEqual(
    numbered.filter(rule => !tested.has(rule)),
    [],
  );
  assert.deepEqual(
    [...tested].filter(rule => !numbered.includes(rule)),
    [],
  );
});

test('header: the launcher tells values and flags apart as the parser does', t => {
  const folder = mkdtempSync(join(tmpdir(), 'conmon-options-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'options.h'), optionsHeader('unknown'));
  const source = `#include "options.h"
    #include <stdio.h>
    int main(int count, char **args) {
      for (int i = 1; i < count; i++)
        putchar(takes_value(args[i]) ? 'v' : is_flag(args[i], "--sync") ? 's' : '-');
      return 0;
    }`;
  writeFileSync(join(folder, 'main.c'), source);
  execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', join(folder, 'main'), join(folder, 'main.c')]);
  const classify = (...args: string[]) => execFileSync(join(folder, 'main'), args, { encoding: 'utf8' });
  for (const { long, short, kind } of entries.filter(({ long }) => long !== 'sync')) {
    const expected = kind === 'flag' ? '-' : 'v';
    assert.equal(classify(`--${long}`), expected, long);
    if (short !== undefined) {
      assert.equal(classify(`-${short}`, `-t${short}`, `-${short}i`), expected.repeat(3), short);
    }
  }
  assert.equal(classify('--sync', '--sync=', '--sync=no'), 'sss');
  assert.equal(
    classify('', '-', '--', '-ti', '--cid=x', 'c', '--ci', '---cid', '--syn', '--syncs'),
    '-'.repeat(10),
  );
});
