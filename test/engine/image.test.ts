// A life leaves the image nearly as it was: its objects are neither counted nor freed, so their pages stay the file's,
// and all monitors share them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connectAttach } from '../fixtures/attach-client.ts';
import {
  fixture,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
} from '../fixtures/monitored.ts';
import { waitUntil } from '../fixtures/waiting.ts';
import { buildMonitor, engineVersions } from './engine-program.ts';
import { compareImage, type ImageChanges } from './image-memory.ts';

/** The C library's data, the engine's runtime, its context and its table of shapes; and as many again. */
const ownPagesMax = 8;
/** Runtime, context and the tables of shapes and names; more would be objects. */
const changedBlocksMax = 5;

for (const { version, skip } of engineVersions)
  describe(`engine ${version}`, { skip }, () => {
    test('the image after a life with pipes: no object is counted, few pages are its own', async t => {
      const conmon = await buildMonitor(t, version);
      const gate = makeGate(t);
      const box = startMonitored(t, {
        conmon,
        args: ['-i', ...stayAtTheEnd],
        container: `echo out; echo err >&2; read line; echo "got $line"; read go <${gate}; exit 3`,
      });
      box.started();
      box.waitForOutput(output => output === 'out\n' && box.output('stderr') === 'err\n', 'output');
      const early = checkImage(t, conmon, box, 'with output');
      attachAndReopen(box, 'hello\n');
      box.waitForOutput(output => output === 'got hello\n', 'the answer');
      checkImage(t, conmon, box, 'after attach, resize and reopening');
      openGate(gate);
      assert.equal(box.exitStatus(), '3');
      const late = checkImage(t, conmon, box, 'at the end');
      assert.ok(late.ownPages.length <= early.ownPages.length + 1, 'what changes, changes early');
    });

    test('the image after a life with a terminal: no object is counted, few pages are its own', async t => {
      const conmon = await buildMonitor(t, version);
      const gate = makeGate(t);
      const box = startMonitored(t, {
        conmon,
        args: ['-t', '-i', ...stayAtTheEnd],
        runtime: compileTerminalRuntime(t),
        container: `stty -echo; echo out; read line; echo "got $line $(stty size)"; read go <${gate}; exit 3`,
      });
      box.started();
      box.waitForOutput(output => output.includes('out'), 'output');
      attachAndReopen(box, 'hello\n');
      box.waitForOutput(output => output.includes('got hello 24 80'), 'the answer');
      openGate(gate);
      assert.equal(box.exitStatus(), '3');
      checkImage(t, conmon, box, 'at the end');
    });
  });

/** The exit file is there, and the monitor too. */
const stayAtTheEnd = ['--exit-delay', '600', '--exit-command', '/bin/true'];

function attachAndReopen(box: Monitored, input: string): void {
  writeFileSync(join(box.bundle, 'ctl'), '1 24 80\n');
  renameSync(box.log, `${box.log}.1`);
  writeFileSync(join(box.bundle, 'ctl'), '2 0 0\n');
  waitUntil(() => existsSync(box.log), 'the log to be opened again');
  const client = connectAttach(box.attachSocket);
  client.send(input);
  let received = '';
  while (!received.includes('got')) received += client.receive()!.data.toString();
  client.close();
}

function checkImage(t: TestContext, conmon: string, box: Monitored, when: string): ImageChanges {
  const changes = compareImage(conmon, box.monitor);
  const { blocks, blocksCount, uncounted, counted, ownPages } = changes;
  const words = blocks.reduce((sum, block) => sum + block.words.length, 0);
  const found = `${ownPages.length} pages are its own; ${words} words of ${blocks.length} blocks have changed`;
  t.diagnostic(`${when}: ${found}, of ${blocksCount} blocks`);
  assert.ok(uncounted > 1000, 'objects are found');
  assert.equal(counted, 0, 'references to objects of the image are counted');
  assert.ok(blocks.length <= changedBlocksMax, `${when}: ${found}`);
  assert.ok(ownPages.length <= ownPagesMax, `${when}: ${found}`);
  return changes;
}

function compileTerminalRuntime(t: TestContext): string {
  const path = join(makeFolder(t), 'runtime');
  execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-o', path, fixture('runtime-with-terminal.c')]);
  return path;
}
