import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Ending, type LastAct, lastActs } from '../../../src/lifecycle/last-acts.ts';

const endings: readonly Ending[] = ['exited', 'not-started', 'broken', 'broken-start'];
const withContainer: readonly Ending[] = ['exited', 'broken'];

describe('last acts', () => {
  it('none is done twice', () => {
    for (const ending of endings)
      assert.equal(new Set(lastActs(ending)).size, lastActs(ending).length, ending);
  });

  it('E3: the persist file comes before the exit file', () => {
    for (const ending of withContainer) assertOrder(ending, 'writePersistExitFile', 'writeExitFile');
  });

  it('an exec’s caller who is answered finds the exit file', () => {
    for (const ending of withContainer) assertOrder(ending, 'writeExitFile', 'answerSyncPipe');
  });

  it('E11: the exit command comes after all else', () => {
    for (const ending of endings) assert.equal(lastActs(ending).at(-1), 'runExitCommand', ending);
  });

  it('P18: the caller’s fds are let go before the exit files and before the caller is answered', () => {
    for (const ending of withContainer) {
      assertOrder(ending, 'closeInheritedFds', 'writePersistExitFile');
      assertOrder(ending, 'closeInheritedFds', 'writeExitFile');
    }
    for (const ending of endings) assertOrder(ending, 'closeInheritedFds', 'answerSyncPipe');
  });

  it('a client that sees the end finds the attach socket gone', () => {
    for (const ending of endings) assertOrder(ending, 'unlinkAttachSocket', 'releaseClients');
    for (const ending of endings) assertOrder(ending, 'unlinkAttachSocket', 'closeAll');
  });

  it('a client that sees the end, and a caller who sees the exit file, find the log complete', () => {
    for (const later of ['syncLogs', 'releaseClients', 'writeExitFile', 'answerSyncPipe'] as const)
      assertOrder('exited', 'drainOutput', later);
    for (const ending of withContainer) assertOrder(ending, 'drainOutput', 'closeAll');
  });

  it('L28: a disk that hangs under the log keeps no caller from an exit file or an answer', () => {
    for (const earlier of ['writePersistExitFile', 'writeExitFile'] as const)
      for (const ending of withContainer) assertOrder(ending, earlier, 'syncLogs');
    for (const ending of endings) assertOrder(ending, 'answerSyncPipe', 'syncLogs');
    for (const ending of endings) assertOrder(ending, 'syncLogs', 'closeAll');
  });

  it('E17: a caller who sees the exit file finds the marker of an OOM kill', () => {
    assertOrder('exited', 'checkOom', 'writePersistExitFile');
  });

  it('what a mistake of ours may have broken comes after what callers wait for', () => {
    for (const later of ['drainOutput', 'unlinkAttachSocket', 'closeAll'] as const)
      assertOrder('broken', 'answerSyncPipe', later);
  });

  it('R25: what we cannot go on with is ended before all else; a runtime that failed has left nothing that is ours to end', () => {
    for (const ending of ['broken', 'broken-start'] as const)
      assert.equal(lastActs(ending)[0], 'endProcesses', ending);
    for (const ending of ['exited', 'not-started'] as const)
      assert.ok(!lastActs(ending).includes('endProcesses'), ending);
  });

  it('the end of a container has every act', () => {
    assert.equal(lastActs('exited').length, 11);
  });

  it('every ending lets go of the fds, answers, takes the socket away, closes and runs the exit command', () => {
    const always = [
      'closeInheritedFds',
      'answerSyncPipe',
      'unlinkAttachSocket',
      'closeAll',
      'runExitCommand',
    ] as const;
    for (const ending of endings) assertHas(ending, ...always);
  });

  it('an end that is broken writes what the container left, and both exit files', () => {
    assertHas('broken', 'drainOutput', 'writePersistExitFile', 'writeExitFile');
  });

  it('a container that was never there has no exit file', () => {
    const acts = lastActs('not-started');
    assert.ok(!acts.includes('writePersistExitFile') && !acts.includes('writeExitFile'));
  });
});

/** Where an ending has both acts, the one is done before the other. */
function assertOrder(ending: Ending, first: LastAct, second: LastAct): void {
  const acts = lastActs(ending);
  if (!acts.includes(second)) return;
  assert.ok(acts.indexOf(first) < acts.indexOf(second), `${ending}: ${first} before ${second}`);
}

function assertHas(ending: Ending, ...acts: readonly LastAct[]): void {
  const missing = acts.filter(act => !lastActs(ending).includes(act));
  assert.deepEqual(missing, [], ending);
}
