import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LocaleVariables, readCharset, showBytes } from '../../../src/options/charset.ts';
import { bytes } from './command-line.ts';

const cases: readonly [LocaleVariables, string][] = [
  [{}, 'ascii'],
  [{ LANG: 'C' }, 'ascii'],
  [{ LANG: 'C.UTF-8' }, 'utf-8'],
  [{ LC_CTYPE: 'C.utf8' }, 'utf-8'],
  [{ LC_ALL: 'C.utf-8@x' }, 'utf-8'],
  [{ LC_ALL: 'en_US.UTF-8', LANG: 'C' }, 'utf-8'],
  [{ LC_ALL: 'C', LC_CTYPE: 'C.UTF-8', LANG: 'C.UTF-8' }, 'ascii'],
  [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, 'utf-8'],
  [{ LC_CTYPE: '', LANG: 'C.UTF-8' }, 'utf-8'],
  [{ LC_CTYPE: 'POSIX', LANG: 'C.UTF-8' }, 'ascii'],
  [{ LANG: 'de_DE' }, 'ascii'],
  [{ LANG: 'de_DE@euro' }, 'ascii'],
  [{ LANG: 'de_DE.ISO-8859-1' }, 'ascii'],
  [{ LANG: '.UTF-8' }, 'ascii'],
  [{ CHARSET: 'UTF-8', LC_ALL: 'C' }, 'utf-8'],
  [{ CHARSET: 'ISO-8859-1', LC_ALL: 'C.UTF-8' }, 'ascii'],
  [{ CHARSET: '', LC_ALL: 'C.UTF-8' }, 'utf-8'],
];

test('O9 charset: UTF-8 where the first of CHARSET, LC_ALL, LC_CTYPE and LANG that is not empty says so', () => {
  for (const [variables, charset] of cases)
    assert.equal(readCharset(variables), charset, JSON.stringify(variables));
});

test('O10 charset: each byte that is not UTF-8 is shown as \\xff, the rest as it is', () => {
  assert.equal(showBytes(bytes('a ü 日 🚢')), 'a ü 日 🚢');
  assert.equal(showBytes(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82, 0x63, 0xc3)), 'a\\xffb\\xe2\\x82c\\xc3');
  assert.equal(showBytes(Uint8Array.of(0xed, 0xa0, 0x80)), '\\xed\\xa0\\x80');
  assert.equal(showBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
});

test('O10 charset: any bytes can be shown, and text is shown as it is', () => {
  fc.assert(fc.property(fc.uint8Array(), any => assert.ok(showBytes(any).isWellFormed())));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => assert.equal(showBytes(bytes(text)), text)));
});
