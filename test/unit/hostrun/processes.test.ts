import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAlive } from '../../../src/hostrun/processes.ts';
import { readStat } from '../../../src/proc/stat.ts';

it('isAlive: this process is, and another start time is another process', () => {
  const own = readStat(process.pid);
  assert.ok(own);
  assert.equal(isAlive({ pid: own.pid, startTime: own.startTicks }), true);
  assert.equal(isAlive({ pid: own.pid, startTime: '1' }), false);
});
