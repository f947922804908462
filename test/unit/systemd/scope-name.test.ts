import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArgumentError } from '../../../src/manager/errors.ts';
import { formatUnitName, isUnitName } from '../../../src/manager/systemd/scope-name.ts';

// What systemd-escape prints, but for `-`, which it escapes too.
const escaped = [
  ['abc', 'abc'],
  ['a-b_c.d', 'a-b_c.d'],
  ['a+b', 'a\\x2bb'],
  ['a b', 'a\\x20b'],
  ['a\\x2bb', 'a\\x5cx2bb'],
  ['é', '\\xc3\\xa9'],
  ['$&', '\\x24\\x26'],
] as const;

for (const [id, name] of escaped)
  test(`S1 scope name: the ID ${id} is written ${name}`, () => {
    assert.equal(formatUnitName('conmon-{id}.scope', id), `conmon-${name}.scope`);
  });

test('scope name: every {id} is replaced', () => {
  assert.equal(formatUnitName('{id}-of-{id}.scope', 'a'), 'a-of-a.scope');
});

test('S1 scope name: one of 255 bytes is taken, one of 256 is not', () => {
  assert.equal(formatUnitName('{id}.scope', 'a'.repeat(249)).length, 255);
  assert.throws(() => formatUnitName('{id}.scope', 'a'.repeat(250)), ArgumentError);
});

test('S1 scope name: whatever the ID, it is a name, and no two IDs share one', () => {
  const ids = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(ids, ids, (one, other) => {
      const name = formatUnitName('conmon-{id}.scope', one);
      assert.ok(isUnitName(name, '.scope'), name);
      assert.equal(name === formatUnitName('conmon-{id}.scope', other), one === other);
    }),
  );
});

for (const name of [
  '',
  '.scope',
  'a.service',
  'a/b.scope',
  'a b.scope',
  "a'.scope",
  'a@b.scope',
  `${'a'.repeat(250)}.scope`,
])
  test(`unit name: ${name.slice(0, 12) || 'nothing'} is none of a scope`, () => {
    assert.equal(isUnitName(name, '.scope'), false);
  });

test('unit name: slices may be nested', () => {
  assert.equal(isUnitName('machine-web.slice', '.slice'), true);
  assert.equal(isUnitName('machine.scope', '.slice'), false);
});
