// Processes as /proc tells of them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { listProcesses, parseStat, readProc, readStat } from '../../../src/proc/stat.ts';

const tail = '1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 424242 1000 10';

it('parseStat: a name with brackets, spaces and newlines moves no field', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), name => {
      assert.deepEqual(parseStat(`9 (${name}) S ${tail}\n`), {
        pid: 9,
        parent: 1,
        session: 77,
        startTicks: '424242',
        ended: false,
      });
    }),
  );
});

it('parseStat: a line that is cut or none is no process', () => {
  for (const line of ['', '9', '9 (a', '9 (a) ', '9 (a) S 1 2', 'x (a) S'])
    assert.equal(parseStat(line), undefined);
});

it('parseStat: a zombie has ended, but not where only the first of several threads has', () => {
  const stat = (state: string, threads: number) =>
    `7 (a) ${state} 5 5 5 0 -1 4227084 130 0 1 0 0 0 0 0 20 0 ${threads} 0 112939 0 0\n`;
  const ended = [stat('S', 1), stat('Z', 1), stat('Z', 2), stat('X', 1)].map(text => parseStat(text)?.ended);
  assert.deepEqual(ended, [false, true, false, true]);
});

it('readStat: this process is there, and is among all', () => {
  assert.equal(readStat(process.pid)?.ended, false);
  assert.ok(listProcesses().includes(process.pid));
});

it('readProc: only what is not there is gone', () => {
  assert.equal(readProc('/proc/self/nothing'), undefined);
  assert.throws(() => readProc('/proc/self/fd'), { code: 'EISDIR' });
});
