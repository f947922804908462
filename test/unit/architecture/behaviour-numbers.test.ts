// docs/behaviour is the contract, in numbered paragraphs: each is shown by a test that names it in its title.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, it } from 'node:test';

const project = join(import.meta.dirname, '../../..');
const pages = readTexts('docs/behaviour', '.md');
const tests = readTexts('test', '.test.ts');

/** At the beginning of a paragraph or of a list's item. */
const definition = /^(?:- )?\*\*([A-Z]\d+)\*\*/gm;
/** A title as it stands in the source: whatever is put into a template is not a number. */
const title = /\b(?:test|it|describe)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
const number = /\b[A-Z]\d+\b/g;

const definitions = pages.flatMap(({ path, text }) =>
  [...text.matchAll(definition)].map(match => ({ path, number: match[1]! })),
);
const defined = new Set(definitions.map(({ number }) => number));
/** A page's letter; "V8" in a title is none. */
const letters = new Set([...defined].map(([letter]) => letter));
const titles = tests.flatMap(({ path, text }) =>
  [...text.matchAll(title)].map(match => ({ path, text: (match[1] ?? match[2] ?? match[3])! })),
);

describe('behaviour', () => {
  it('there are pages, numbers and titles to compare', () => {
    assert.ok(pages.length > 10);
    assert.ok(defined.size > 200);
    assert.ok(titles.length > 500);
  });

  it('no number is defined twice, and no letter has two pages', () => {
    const twice = definitions.filter(
      (one, index) => definitions.findIndex(other => other.number === one.number) !== index,
    );
    assert.deepEqual(twice, []);
    const places = new Set(definitions.map(({ path, number }) => `${number[0]} ${path}`));
    assert.equal(places.size, letters.size, [...places].sort().join('\n'));
  });

  it('each number is in the title of a test', () => {
    const named = new Set(titles.flatMap(({ text }) => findNumbers(text)));
    assert.deepEqual(
      definitions.filter(({ number }) => !named.has(number)),
      [],
    );
  });

  it('no title names a number that no page defines', () => {
    const unknown = titles.filter(({ text }) => findNumbers(text).some(number => !defined.has(number)));
    assert.deepEqual(unknown, []);
  });

  it('the index has each page under its letter', () => {
    const index = readFileSync(join(project, 'docs/behaviour/README.md'), 'utf8');
    const rows = [...index.matchAll(/^\| ([A-Z]) \| \[[^\]]*\]\((.*)\) \|/gm)].map(
      row => `${row[1]} ${row[2]}`,
    );
    const wanted = new Set(definitions.map(({ path, number }) => `${number[0]} ${basename(path)}`));
    assert.deepEqual(rows.toSorted(), [...wanted].toSorted());
  });

  it('no page refers to a number that no page defines', () => {
    const unknown = pages.flatMap(({ path, text }) =>
      findNumbers(text)
        .filter(number => !defined.has(number))
        .map(number => ({ path, number })),
    );
    assert.deepEqual(unknown, []);
  });
});

describe('what comments cite', () => {
  const sources = ['src', 'scripts', 'test', 'bin'].flatMap(folder => readTexts(folder, ''));

  it('every page of docs that a file names is there', () => {
    const cited = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map(([page]) => ({ path, page })),
    );
    assert.ok(cited.length > 20);
    assert.deepEqual(
      cited.filter(({ page }) => !existsSync(join(project, page))),
      [],
    );
  });

  it('no comment cites a text that is not in the repository, by its name in capitals', () => {
    const cited = sources.filter(({ text }) => /[(]CONTRACT\b/.test(text)).map(({ path }) => path);
    assert.deepEqual(cited, []);
  });
});

function findNumbers(text: string): string[] {
  return (text.match(number) ?? []).filter(([letter]) => letters.has(letter!));
}

function readTexts(folder: string, ending: string): { path: string; text: string }[] {
  return readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({ path: relative(project, path), text: readFileSync(path, 'utf8') }));
}
