import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeValue,
  type LocaleVariables,
  readCharset,
  showBytes,
  showText,
} from '../../../src/options/charset.ts';
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

test('O9 charset: every locale means what a regular expression makes of it', () => {
  const unit = fc.constantFrom(
    'a',
    '.',
    '@',
    'UTF-8',
    'utf8',
    'Utf',
    '8',
    '-',
    '_',
    ' ',
    '\n',
    'é',
    '\u212a',
  );
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 8 }), locale => {
      const codeset = /^[^.@]+\.([^@]*)/.exec(locale)?.[1] ?? '';
      const isUtf8 = codeset.toLowerCase().replaceAll(/[^a-z0-9]/g, '') === 'utf8';
      assert.equal(readCharset({ LANG: locale }), isUtf8 ? 'utf-8' : 'ascii', locale);
    }),
    { numRuns: 1000 },
  );
});

test('O10 charset: any bytes are shown as byte for byte a strict decoder shows them', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (part: Uint8Array): string | undefined => {
    try {
      return strict.decode(part);
    } catch {
      return undefined;
    }
  };
  const show = (all: Uint8Array): string => {
    for (let length = all.length; length > 0; length--) {
      const text = decode(all.subarray(0, length));
      if (text !== undefined) return text + show(all.subarray(length));
    }
    return all.length === 0
      ? ''
      : `\\x${Buffer.from(all.subarray(0, 1)).toString('hex')}${show(all.subarray(1))}`;
  };
  const piece = fc.constantFrom(
    'a',
    'é',
    '日',
    '🚢',
    '\xff',
    '\xe2\x82',
    '\xf0\x9f',
    '\x80',
    '\xed\xa0\x80',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, whole) => {
      const any = Buffer.concat(pieces.map(text => Buffer.from(text, whole ? 'utf8' : 'latin1')));
      assert.equal(showBytes(any), show(any));
      const text = decode(any);
      if (text === undefined) assert.throws(() => decodeValue(any, 'utf-8'), /Invalid byte sequence/);
      else assert.equal(decodeValue(any, 'utf-8'), text);
      if (any.every(byte => byte < 0x80)) assert.equal(decodeValue(any, 'ascii'), text);
      else assert.throws(() => decodeValue(any, 'ascii'), /Invalid byte sequence/);
    }),
  );
});

test('O10 charset: a message in ASCII has a question mark for each character that is not', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', '🚢', 'é'), (text, more) => {
      assert.equal(showText(text + more, 'ascii'), (text + more).replaceAll(/[^\0-\x7f]/gu, '?'));
      assert.equal(showText(text + more, 'utf-8'), text + more);
    }),
  );
});
