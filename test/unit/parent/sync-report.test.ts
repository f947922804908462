import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseReply } from '../../../src/manager/monitor/sync-pipe.ts';
import { chooseReportKey, encodeReport, reportBytesMax } from '../../../src/parent/sync-report.ts';

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
    for (const last of ['\n', '\x01', '\u0080', 'é', '\u0800', '€', '😀']) {
      for (let before = 4050; before < 4080; before++) {
        const line = encode(-1, 'x'.repeat(before) + last.repeat(20));
        assert.ok(line.length <= 4096);
        const { message } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
        assert.equal(message.replaceAll('x', '').replaceAll(last, ''), '');
      }
    }
  });

  it('P12: bytes that belong to no UTF-8 sequence are cut one by one', () => {
    for (const lead of [0xc3, 0xe2, 0xf0, 0xf8, 0xff])
      for (let before = 0; before < 3; before++) {
        const rest = Buffer.from([lead, ...(lead >= 0xf8 ? [0x80, 0x80, 0x80] : [0x41])]);
        const line = encode(-1, Buffer.concat([Buffer.alloc(before, 'x'), ...Array(3000).fill(rest)]));
        assert.equal(line.length, 4096, `${lead}`);
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

  it('P9: what is written, the manager reads back', () => {
    const readBack = (...report: Parameters<typeof encodeReport>) =>
      parseReply(Buffer.from(encodeReport(...report)).toString());
    fc.assert(
      fc.property(
        fc.constantFrom('data' as const, 'exit_code' as const, 'pid' as const),
        fc.integer(),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }).filter(text => text.isWellFormed()),
        (key, value, message) => {
          assert.deepEqual(readBack(key, value), { value, message: undefined });
          assert.deepEqual(readBack(key, value, Buffer.from(message)), { value, message });
        },
      ),
    );
  });
});
