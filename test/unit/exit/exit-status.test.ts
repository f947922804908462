import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { combineExitStatuses } from '../../../src/exit/exit-command.ts';
import { readWaitStatus, unknownExitStatus } from '../../../src/exit/exit-status.ts';

describe('exit status', () => {
  it('E1: a process that exited has its own status', () => {
    for (const status of [0, 1, 127, 128, 255]) assert.equal(readWaitStatus(status << 8), status);
  });

  it('E1: a killed process has 128 and the signal, with a core dump or without', () => {
    assert.equal(readWaitStatus(9), 137);
    assert.equal(readWaitStatus(15), 143);
    assert.equal(readWaitStatus(0x80 | 11), 139);
    assert.equal(readWaitStatus(64), 192);
  });

  it('E2: one that stopped or continued has not ended, and is never taken for 0', () => {
    assert.equal(readWaitStatus((19 << 8) | 0x7f), unknownExitStatus);
    assert.equal(readWaitStatus(0xffff), unknownExitStatus);
    assert.equal(unknownExitStatus, 255);
  });

  it('E1: every wait status gives 0 to 255, and only a clean exit gives 0', () => {
    for (let waitStatus = 0; waitStatus <= 0xffff; waitStatus++) {
      const status = readWaitStatus(waitStatus);
      assert.ok(Number.isInteger(status) && status >= 0 && status <= 255);
      // A core dump without a signal, which no kernel reports, is not told from a clean exit.
      if (status === 0) assert.equal(waitStatus & ~0x80, 0);
    }
  });

  it("E16: the container's status is ours unless the exit command failed", () => {
    assert.equal(combineExitStatuses(137, 0), 137);
    assert.equal(combineExitStatuses(0, 3), 3);
    assert.equal(combineExitStatuses(137, 3), 3);
    assert.equal(combineExitStatuses(-1, 0), -1);
  });
});
