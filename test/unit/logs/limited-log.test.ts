import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LimitedLog } from '../../../src/logs/limited-log.ts';
import type { LogReplacement } from '../../../src/logs/log-replacement.ts';

/** A log whose file is replaced by an empty one whenever that is asked for. */
function open(sizeMax: number, totalMax: number) {
  const log = {
    size: 0,
    total: 0,
    append(_bytes: Uint8Array, length: number) {
      log.size += length;
      log.total += length;
    },
    sync() {},
    close() {},
  };
  const replacement = {
    isPending: false,
    run() {
      log.size = 0;
      return true;
    },
  };
  const limited = new LimitedLog(log, replacement as unknown as LogReplacement, sizeMax, totalMax);
  limited.setSecond(1);
  return limited;
}

describe('how much may gather before the limits are looked at', () => {
  const bytes = new Uint8Array(1000);

  it('L14: what the file still takes', () => {
    const limited = open(1000, -1);
    assert.equal(limited.gatherBytesMax, 1000);
    limited.take(bytes, 300);
    assert.equal(limited.gatherBytesMax, 700);
    assert.equal(limited.spill(bytes, 650, 750), 100, 'the last record is left, for the new file');
    assert.equal(limited.gatherBytesMax, 1000);
  });

  it('L16: less than what reaches the limit of all files', () => {
    const limited = open(-1, 1000);
    assert.equal(limited.gatherBytesMax, 999);
    limited.take(bytes, 300);
    assert.equal(limited.gatherBytesMax, 699);
  });

  it('L16: any amount without limits', () => {
    assert.equal(open(-1, -1).gatherBytesMax, Number.POSITIVE_INFINITY);
  });
});
