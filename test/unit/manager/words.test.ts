// What runtimes say, and how it is taken out of how they say it.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReply, readReplies } from '../../../src/manager/monitor/sync-pipe.ts';
import { extractRuntimeWords, saysNoSuchContainer } from '../../../src/manager/oci/runtime-words.ts';

test('words: runc’s text log gives its msg, unescaped, and the last error counts', () => {
  const stderr = [
    'time="2026-11-20T19:56:08Z" level=warning msg="slow"',
    'time="2026-11-20T19:56:08Z" level=error msg="exec failed: \\"nope\\": not found in $PATH"',
    '',
  ].join('\n');
  assert.equal(extractRuntimeWords(stderr), 'exec failed: "nope": not found in $PATH');
});

test('words: JSON log lines, plain text and silence', () => {
  const json = '{"level":"info","msg":"hello"}\n{"level":"error","msg":"no way","time":"x"}\n';
  assert.equal(extractRuntimeWords(json), 'no way');
  assert.equal(
    extractRuntimeWords('crun: executable file `x` not found\n'),
    'crun: executable file `x` not found',
  );
  assert.equal(extractRuntimeWords('{"level":"error"'), '{"level":"error"');
  assert.equal(extractRuntimeWords('\n'), '');
});

test('words: no such container, as runc and crun say it, and what only sounds like it', () => {
  assert.ok(saysNoSuchContainer('container does not exist'));
  assert.ok(saysNoSuchContainer('error opening file `/run/crun/x/status`: No such file or directory'));
  assert.ok(!saysNoSuchContainer('exec: "nope": executable file not found in $PATH'));
  assert.ok(!saysNoSuchContainer('open /srv/rootfs: no such file or directory'));
});

test('sync pipe: the three keys, messages, and lines that are none', () => {
  assert.deepEqual(parseReply('{"data": 12}'), { value: 12, message: undefined });
  assert.deepEqual(parseReply('{"pid": -1, "message": "a \\/ b"}'), { value: -1, message: 'a / b' });
  assert.deepEqual(parseReply('{"exit_code": 0}'), { value: 0, message: undefined });
  for (const line of ['', 'null', '[]', '{"data": "1"}', '{"data": 1.5}', '{"other": 1}', '{"data": 1'])
    assert.equal(parseReply(line), undefined, line);
});

test('sync pipe: the same replies, however the bytes are cut', async () => {
  const replies = [1, -1, 4194304].map((value, at) => ({
    value,
    message: at === 1 ? 'é "quoted"\n' : undefined,
  }));
  const bytes = Buffer.from(
    `${replies.map(({ value, message }) => JSON.stringify({ data: value, message })).join('\n')}\nrest`,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 }),
      async cuts => {
        const ends = [...new Set(cuts)].sort((a, b) => a - b);
        const pieces = [0, ...ends].map((start, at) => bytes.subarray(start, ends[at] ?? bytes.length));
        const got = [];
        for await (const reply of readReplies(Readable.from(pieces, { objectMode: false }))) got.push(reply);
        assert.deepEqual(got, replies);
      },
    ),
  );
});
