// Callers that start conmon with stdin, stdout or stderr closed. A pipe of ours that got such a number would be taken for
// stdio, by us or by what we start.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conmon } from '../fixtures/conmon.ts';
import { makeFolder, makeGate, openGate, startMonitored } from '../fixtures/monitored.ts';

const stdio = ['stdin', 'stdout', 'stderr'] as const;
type Stream = (typeof stdio)[number];
const redirections: Readonly<Record<Stream, string>> = { stdin: '0<&-', stdout: '1>&-', stderr: '2>&-' };

/** All subsets. */
const closedSets = Array.from({ length: 8 }, (_, bits) => stdio.filter((_, fd) => (bits >> fd) & 1));

const close = (closed: readonly Stream[]) => [
  ...['/bin/sh', '-c', `exec "$@" ${closed.map(stream => redirections[stream]).join(' ')}`, 'sh'],
];

for (const closed of closedSets)
  for (const kind of ['create', 'exec', 'passthrough'] as const)
    for (const sync of [false, true])
      test(`P19 started with ${closed.join(', ') || 'nothing'} closed, ${kind}${sync ? ', --sync' : ''}: nothing of ours is stdio, and all else is as ever`, t => {
        const dir = makeFolder(t);
        const [seen, spec, gate] = [join(dir, 'seen'), join(dir, 'spec'), makeGate(t)];
        writeFileSync(spec, '{}');
        const box = startMonitored(t, {
          before: close(closed),
          container: `found=$(for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done); echo "$found" >${seen}; echo hello; read go <${gate}; exit 3`,
          args: [
            ...(sync ? ['--sync'] : []),
            ...(kind === 'exec' ? ['-e', '--exec-process-spec', spec] : []),
          ],
          ...(kind === 'passthrough' && { log: 'passthrough' }),
          caller: { startPipe: true },
        });
        box.caller.go();
        assert.ok(box.started() > 0);
        if (!sync) assert.equal(box.caller.wait(), 0, 'the launcher ends while the container runs');
        for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${box.monitor}/fd/${fd}`), '/dev/null');
        openGate(gate);
        if (kind === 'exec') assert.equal(box.caller.readSync()?.value, 3);
        assert.equal(box.end(), 3);
        assert.equal(box.exitStatus(), '3');
        const found = readFileSync(seen, 'utf8').split('\n');
        if (kind !== 'passthrough') assert.equal(box.output(), 'hello\n');
        else
          for (const [fd, stream] of stdio.entries()) {
            const isOpen = fd > 0 && !closed.includes(stream); // stdin is given as /dev/null
            assert.equal(found[fd], isOpen ? join(box.caller.scratch, stream) : '/dev/null');
          }
        const said = closed.includes('stdout') || kind !== 'passthrough' ? '' : 'hello\n';
        assert.deepEqual([box.caller.stdout(), box.caller.stderr()], [said, '']);
      });

for (const closed of closedSets)
  test(`O18, P19 started with ${closed.join(', ') || 'nothing'} closed: a refusal has its status, and its words go to stderr alone`, () => {
    const [file = '', ...args] = [...close(closed), conmon, '-c', 'id'];
    const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    const words = '[conmon:e]: Container UUID not provided. Use --cuuid\n';
    assert.deepEqual([status, stdout, stderr], [1, '', closed.includes('stderr') ? '' : words]);
  });

test('O11, O12 --version and --help alone, where there is no stdout, do not end with 0', () => {
  for (const asked of ['--version', '--help']) {
    const [file = '', ...args] = [...close(['stdout']), conmon, asked];
    assert.equal(spawnSync(file, args).status, 1, asked);
  }
});
