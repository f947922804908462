import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  chooseReportKey,
  decodeReport,
  encodeReport,
  reportBytesMax,
} from '../../../src/parent/sync-report.ts';

const encode = (value: number, message?: string | Uint8Array): Buffer =>
  Buffer.from(encodeReport('data', value, message === undefined ? message : Buffer.from(message)));

describe('sync report', () => {
  it('P9: a number alone is {"data": N} and a newline', () => {
    assert.equal(encode(1234).toString(), '{"data": 1234}\n');
    assert.equal(encode(-1).toString(), '{"data": -1}\n');
  });

  it('P9: a message comes after the number, an empty one is none', () => {
    assert.equal(encode(-1, 'no').toString(), '{"data": -1, "message": "no"}\n');
    assert.equal(encode(-1, '').toString(), '{"data": -1}\n');
  });

  it('P10: the key is data by API version 1, before it exit_code of an exec and pid otherwise', () => {
    assert.equal(chooseReportKey({ apiVersion: 1, exec: true }), 'data');
    assert.equal(chooseReportKey({ apiVersion: 1, exec: false }), 'data');
    assert.equal(chooseReportKey({ apiVersion: 0, exec: true }), 'exit_code');
    assert.equal(chooseReportKey({ apiVersion: 0, exec: false }), 'pid');
    assert.equal(Buffer.from(encodeReport('exit_code', 0)).toString(), '{"exit_code": 0}\n');
  });

  it('P11: quotes, backslashes, slashes and control characters are escaped as C conmon does', () => {
    assert.equal(
      encode(-1, '"\\/\b\t\n\f\r\x01\x1f\x7f a\0b').toString(),
      `${String.raw`{"data": -1, "message": "\"\\\/\b\t\n\f\r\u0001\u001f\u007f a\u0000b"}`}\n`,
    );
  });

  it('P11: bytes from 0x80 up pass as they are, valid UTF-8 or not', () => {
    const bytes = Buffer.from([0xc3, 0xa9, 0xff, 0x80, 0xe2, 0x41]);
    const line = encode(-1, bytes);
    assert.deepEqual(line.subarray('{"data": -1, "message": "'.length, -3), bytes);
  });

  it('P12: the longest line has 4096 bytes, and a byte more of message is cut', () => {
    const fits = reportBytesMax - '{"data": -1, "message": ""}\n'.length;
    assert.equal(encode(-1, 'x'.repeat(fits)).length, 4096);
    assert.deepEqual(encode(-1, 'x'.repeat(fits + 1)), encode(-1, 'x'.repeat(fits)));
  });

  it('P12: the cut tears neither an escape nor a UTF-8 sequence', () => {
    for (const last of ['\n', '\x01', 'é', '€', '😀']) {
      for (let before = 4050; before < 4080; before++) {
        const line = encode(-1, 'x'.repeat(before) + last.repeat(20));
        assert.ok(line.length <= 4096);
        const { message } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
        assert.equal(message.replaceAll('x', '').replaceAll(last, ''), '');
      }
    }
  });

  it('P12: any message gives one line of valid JSON that begins as the message does', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 6000 }),
        fc.integer({ min: -1, max: 2 ** 31 - 1 }),
        (bytes, value) => {
          const line = encode(value, bytes);
          assert.ok(line.length <= 4096);
          assert.equal(line.indexOf('\n'), line.length - 1);
          // latin1 shows each byte as a character, so that nothing is lost to invalid UTF-8
          const parsed = JSON.parse(line.toString('latin1'));
          assert.equal(parsed.data, value);
          assert.ok(
            Buffer.from(bytes)
              .toString('latin1')
              .startsWith(parsed.message ?? ''),
          );
          if (bytes.length < 600) assert.equal((parsed.message ?? '').length, bytes.length);
        },
      ),
    );
  });

  it('P9: what is written reads back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('data' as const, 'exit_code' as const, 'pid' as const),
        fc.integer(),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }).filter(text => text.isWellFormed()),
        (key, value, message) => {
          assert.deepEqual(decodeReport(encodeReport(key, value)), { key, value });
          assert.deepEqual(decodeReport(encodeReport(key, value, Buffer.from(message))), {
            key,
            value,
            message,
          });
        },
      ),
    );
  });

  it('decode: the line as C conmon writes it, its newline optional', () => {
    assert.deepEqual(decodeReport(Buffer.from('{"pid": 42}')), { key: 'pid', value: 42 });
    assert.deepEqual(decodeReport(Buffer.from('{"exit_code": -1, "message": "command timed out"}\n')), {
      key: 'exit_code',
      value: -1,
      message: 'command timed out',
    });
  });

  it('decode: what is no report is undefined', () => {
    for (const line of [
      '',
      '\n',
      '{',
      '{}',
      '[]',
      'null',
      '1',
      '{"data": "1"}',
      '{"data": 1.5}',
      '{"other": 1}',
      '{"data": 1}{"data": 2}',
    ])
      assert.equal(decodeReport(Buffer.from(line)), undefined, line);
  });

  it('decode: no bytes make it throw, nor does a line cut anywhere', () => {
    const whole = encode(-1, 'a "quoted" €');
    for (let end = 0; end < whole.length - 2; end++)
      assert.equal(decodeReport(whole.subarray(0, end)), undefined);
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        decodeReport(bytes);
      }),
    );
  });
});
