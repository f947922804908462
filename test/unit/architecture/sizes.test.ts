// Sizes of the rooms that go by one another, or by one fact outside. Rooms do not import one another: this ties them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { receiveBytesMax } from '../../../src/attach/attach-server.ts';
import { broadcastBytesMax, payloadBytesMax } from '../../../src/attach/packet-queue.ts';
import { headRoomBytes, recordTextBytesMax } from '../../../src/logs/driver.ts';
import { waitingBytesMax } from '../../../src/logs/log-stream.ts';
import { prefixBytes, tagAt } from '../../../src/logs/record-prefix.ts';
import { readBytesMax } from '../../../src/stdio/relay.ts';
import { runtimeWordsBytesMax } from '../../../src/stdio/runtime-stderr.ts';

/** conmon's STDIO_BUF_SIZE: its peers' buffers are made for it. */
const conmonBufferBytes = 8192;

describe('sizes', () => {
  it('a record’s text, a packet’s payload and the runtime’s words are of the one size that conmon reads', () => {
    assert.equal(recordTextBytesMax, conmonBufferBytes);
    assert.equal(payloadBytesMax, conmonBufferBytes);
    assert.equal(runtimeWordsBytesMax, conmonBufferBytes - 1); // with room for C's NUL
  });

  it('an unfinished line fits in front of the next read, and so does a packet’s type', () => {
    assert.ok(headRoomBytes >= recordTextBytesMax);
    assert.ok(headRoomBytes >= 1);
  });

  it('whatever is read at once, clients’ queue has room for it', () => {
    assert.ok(broadcastBytesMax >= readBytesMax);
    assert.ok(runtimeWordsBytesMax <= readBytesMax);
  });

  it('the largest packet of a client fits where output is read into', () => {
    assert.ok(receiveBytesMax <= headRoomBytes + readBytesMax);
  });

  it('what a read of lines of three bytes becomes may wait for a log that is no file', () => {
    const lines = readBytesMax / ('abc'.length + 1);
    assert.ok(waitingBytesMax >= lines * (prefixBytes + 'abc'.length + 1));
  });

  it('fillLines in C has the numbers of the one in TypeScript', () => {
    const code = readFileSync(join(import.meta.dirname, '../../../src/sys/native/fill-lines.c'), 'utf8');
    const [, inC] = /enum \{ (prefix_bytes = [^}]*) \}/.exec(code) ?? [];
    assert.equal(
      inC,
      `prefix_bytes = ${prefixBytes}, tag_at = ${tagAt}, text_bytes_max = ${recordTextBytesMax}`,
    );
  });
});
