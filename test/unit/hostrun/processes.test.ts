import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { isAlive, parseStat, readStat } from '../../../src/hostrun/processes.ts';

const tail = '1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 424242 1000 10';

it('parseStat: a name with brackets, spaces and newlines moves no field', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), name => {
      assert.deepEqual(parseStat(`9 (${name}) S ${tail}\n`), {
        pid: 9,
        state: 'S',
        session: 77,
        startTime: '424242',
      });
    }),
  );
});

it('parseStat: a line that is cut or none is no process', () => {
  for (const line of ['', '9', '9 (a', '9 (a) ', '9 (a) S 1 2', 'x (a) S'])
    assert.equal(parseStat(line), undefined);
});

it('isAlive: this process is, and another start time is another process', () => {
  const own = readStat(process.pid);
  assert.ok(own);
  assert.equal(isAlive(own), true);
  assert.equal(isAlive({ pid: own.pid, startTime: '1' }), false);
});
