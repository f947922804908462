// The judgement of differences itself: what it must not let pass.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compare, type Explanation, findDifferences } from './compare.ts';
import { tellGeneration } from './conmons.ts';
import { explanations } from './explanations.ts';
import { findUnused } from './play.ts';
import { scenarios } from './scenarios/all.ts';
import { viewBytes } from './views.ts';

const seen = (log: string) => new Map([['log', log]]);
const explanation: Explanation = {
  scenarios: ['s'],
  what: 'log',
  theirs: 'b',
  ours: /^B+$/,
  reason: 'because',
  rule: 'L1',
};

test('compare: only the lines that differ are a difference, each place on its own', () => {
  assert.deepEqual(findDifferences(seen('a\nb\nc\nd\ne'), seen('a\nB\nc\ne')), [
    { what: 'log', theirs: 'b', ours: 'B' },
    { what: 'log', theirs: 'd', ours: '' },
  ]);
});

test('compare: what only one of them shows is a difference', () => {
  assert.deepEqual(findDifferences(new Map(), seen('a')), [
    { what: 'log', theirs: '(nothing seen)', ours: 'a' },
  ]);
});

test('compare: an explanation holds for its own difference, and for no other at the same place', () => {
  const explained = compare(seen('a\nb'), seen('a\nBB'), [explanation]);
  assert.deepEqual([explained.differences[0]?.explanation, explained.outdated], [explanation, []]);
  const other = compare(seen('a\nb'), seen('a\nC'), [explanation]);
  assert.deepEqual([other.differences[0]?.explanation, other.outdated], [undefined, [explanation]]);
});

test('compare: an explanation without a difference is outdated, unless it is one of some runs', () => {
  assert.deepEqual(compare(seen('a'), seen('a'), [explanation]).outdated, [explanation]);
  assert.deepEqual(compare(seen('a'), seen('a'), [{ ...explanation, sometimes: 'luck' }]).outdated, []);
});

test('compare: an explanation for any scenario is needed by one at least', () => {
  const general: Explanation = { ...explanation, scenarios: 'any' };
  const result = { name: 's', verdict: 'different', outdated: [], ms: 0 } as const;
  const difference = { what: 'log', theirs: 'b', ours: 'B', explanation: general };
  assert.deepEqual(findUnused([general], [{ ...result, differences: [] }], 'main'), [general]);
  assert.deepEqual(findUnused([general], [{ ...result, differences: [difference] }], 'main'), []);
  assert.deepEqual(findUnused([{ ...general, in: ['2.1'] }], [{ ...result, differences: [] }], 'main'), []);
});

test('compare: the C conmon is told by its version and by what it still has', () => {
  assert.equal(tellGeneration('2.1.6', '--seccomp-notify-socket'), '2.1');
  assert.equal(tellGeneration('2.2.1', '--seccomp-notify-socket'), '2.2');
  assert.equal(tellGeneration('2.2.1', '--log-rotate'), 'main');
  assert.equal(tellGeneration('3.0.0', ''), 'main');
});

test('compare: bytes that cannot be seen are shown, and a missing newline too', () => {
  assert.equal(viewBytes('a\0\xff\r\n\tb'), 'a\\x00\\xff\\r\n\\tb(no newline)');
  assert.equal(viewBytes(''), '(empty)');
});

test('explanations: their scenarios exist, and scenarios have names of their own', () => {
  const names = new Set(scenarios.map(({ name }) => name));
  assert.equal(names.size, scenarios.length);
  for (const each of explanations)
    for (const name of each.scenarios === 'any' ? [] : each.scenarios) assert.ok(names.has(name), name);
});

test('explanations: their rules are in docs/behaviour, and listed among the differences', () => {
  const docs = join(import.meta.dirname, '../../docs/behaviour');
  const read = (name: string) => readFileSync(join(docs, name), 'utf8');
  const pages = readdirSync(docs)
    .filter(name => name !== 'differences.md')
    .map(read)
    .join('\n');
  const differences = read('differences.md');
  for (const { rule } of explanations) {
    assert.match(pages, new RegExp(`\\*\\*${rule}\\*\\*`), `${rule} is a numbered behaviour`);
    assert.match(differences, new RegExp(`\\| ${rule} \\|`), `${rule} is in differences.md`);
  }
});
