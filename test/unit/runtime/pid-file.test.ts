import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePid, pidFileBytesMax } from '../../../src/runtime/pid-file.ts';

const parse = (text: string) => parsePid(Buffer.from(text, 'latin1'));

describe('pid file', () => {
  it('R8: is a decimal number, with white space around it or not', () => {
    for (const text of ['42', '42\n', ' 42', '\t42 \r\n', '0042'])
      assert.equal(parse(text), 42, JSON.stringify(text));
  });

  it('every pid reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.constantFrom('', '\n'), (pid, end) => {
        assert.equal(parse(`${pid}${end}`), pid);
      }),
    );
  });

  it('R8: what is no pid is none', () => {
    for (const text of [
      ...[
        '',
        ' ',
        '\n',
        '\0',
        '0',
        '000',
        '-1',
        '+1',
        '- 1',
        '1-',
        '1.0',
        '1e3',
        '0x10',
        '4 2',
        '42x',
        'x42',
      ],
      ...['42\0', '\x0042', '4\x002', 'rubbish', '\xff', '٤٢', '42,43', '42\n43', 'Infinity', 'NaN'],
    ])
      assert.equal(parse(text), undefined, JSON.stringify(text));
  });

  it('the greatest number of kill(2) is the greatest pid, one more is none', () => {
    assert.equal(parse('2147483647'), 2 ** 31 - 1);
    for (const text of [
      '2147483648',
      '4294967297',
      '9999999999',
      '18446744073709551617',
      '1'.repeat(pidFileBytesMax),
    ])
      assert.equal(parse(text), undefined, text);
  });

  it('any content means what a regular expression makes of it, of ASCII’s white space', () => {
    const unit = fc.constantFrom(
      ...'0123456789',
      ...' \t\n\v\f\r',
      '2147483647',
      '+',
      '-',
      'x',
      '\0',
      '\xa0',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 14 }), text => {
        const match = /^[ \t\n\v\f\r]*([0-9]{1,10})[ \t\n\v\f\r]*$/.exec(text);
        const pid = match ? Number(match[1]) : 0;
        assert.equal(parse(text), pid > 0 && pid < 2 ** 31 ? pid : undefined, JSON.stringify(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('no bytes make it throw, or give what is not a positive 32-bit number', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: pidFileBytesMax }),
      fc
        .array(fc.constantFrom(0, 9, 10, 32, 43, 45, 48, 49, 57, 160), { maxLength: 16 })
        .map(all => Uint8Array.from(all)),
    );
    fc.assert(
      fc.property(bytes, content => {
        const pid = parsePid(content);
        if (pid === undefined) return;
        assert.ok(Number.isInteger(pid) && pid > 0 && pid < 2 ** 31);
        assert.match(Buffer.from(content).toString('latin1').trim(), /^0*[1-9]\d*$/);
      }),
      { numRuns: 1000 },
    );
  });
});
