// What a program that reads its input in blocks, as dd and tar do, gets of what a client sends in such blocks: the same
// as under the C conmon.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { findConmons, probeCConmon } from '../conformance/conmons.ts';
import { connectAttach } from '../fixtures/attach-client.ts';
import { conmon } from '../fixtures/conmon.ts';
import { startMonitored } from '../fixtures/monitored.ts';
import { withoutPrograms } from '../fixtures/programs.ts';

const skip = withoutPrograms('perl');
const missing = await probeCConmon();

/** What Podman and CRI-O send in one packet: their io.Copy has a buffer of that. */
const blockBytes = 32 * 1024;
const rounds = 40;
/** In a round: the first two fill the pipe, those that follow wait. As many as the C conmon takes, one, and what the
 * client's socket holds. */
const blocksPerRound = 5;

test(`attach A14: a program that reads ${blockBytes} bytes at a time gets each of a client’s packets whole`, {
  skip,
}, t => {
  assert.deepEqual(countReads(t, conmon), { [blockBytes]: rounds * blocksPerRound });
});

test('attach A14: the same under the C conmon', { skip: skip || (missing && `needs ${missing}`) }, t => {
  assert.deepEqual(countReads(t, findConmons().theirs.path), { [blockBytes]: rounds * blocksPerRound });
});

/** How often the container's reads gave how many bytes. In each round it is stopped while the client sends. */
function countReads(t: TestContext, path: string): Record<string, number> {
  const box = startMonitored(t, {
    conmon: path,
    args: ['-i'],
    container: `exec perl -e 'while (my $got = sysread(STDIN, my $block, ${blockBytes})) { syswrite(STDOUT, "$got\n") }'`,
  });
  const container = box.started();
  const client = connectAttach(box.attachSocket);
  const block = new Uint8Array(blockBytes);
  const counts: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    process.kill(container, 'SIGSTOP');
    for (let i = 0; i < blocksPerRound; i++) client.send(block);
    process.kill(container, 'SIGCONT');
    let text = '';
    for (let bytes = 0; bytes < blocksPerRound * blockBytes; ) {
      text += client.receive()!.data.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const got of lines) {
        bytes += Number(got);
        counts[got] = (counts[got] ?? 0) + 1;
      }
    }
  }
  client.close();
  box.exitStatus();
  return counts;
}
