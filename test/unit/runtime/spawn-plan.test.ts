import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { moveListenPidLast, replacesListenPid } from '../../../src/runtime/listen-pid.ts';
import { planRuntime, type RuntimeStart } from '../../../src/runtime/spawn-plan.ts';
import { SIGKILL } from '../../../src/sys/constants.ts';

/** Variables as the kernel has them, a character for each byte. */
function block(...variables: string[]): Uint8Array {
  return Buffer.from(variables.map(variable => `${variable}\0`).join(''), 'latin1');
}

const start: RuntimeStart = {
  argv: ['/usr/bin/runc', 'create', 'id'],
  environ: block('A=1', 'B=\xff'),
  stdio: [7, 8, 9],
  passedFds: [],
  oomScoreAdj: undefined,
  openFilesMax: undefined,
  replaceListenPid: false,
  ownPid: 4242,
};
const spare = '\0'.repeat(10);

describe('spawn plan', () => {
  it('R2: the runtime is its own first argument, and is not searched for', () => {
    const plan = planRuntime({ ...start, argv: ['runc', 'create'] });
    assert.equal(plan.file, 'runc');
    assert.deepEqual(plan.argv, ['runc', 'create']);
  });

  it('R3: stdio comes to 0, 1 and 2, the passed fds stay where they are', () => {
    assert.deepEqual(planRuntime({ ...start, passedFds: [3, 5, 20] }).fds, [
      { from: 7, to: 0 },
      { from: 8, to: 1 },
      { from: 9, to: 2 },
      { from: 3, to: 3 },
      { from: 5, to: 5 },
      { from: 20, to: 20 },
    ]);
  });

  it('R7: it dies with us', () => {
    assert.equal(planRuntime(start).parentDeathSignal, SIGKILL);
  });

  it('R6: it has the caller’s OOM score and limit of open files, where they are known', () => {
    const plan = planRuntime({ ...start, oomScoreAdj: '-17', openFilesMax: 1024 });
    assert.equal(plan.oomScoreAdj, '-17');
    assert.equal(plan.openFilesMax, 1024);
    const unknown = planRuntime(start);
    assert.ok(!('oomScoreAdj' in unknown) && !('openFilesMax' in unknown));
  });

  it('R2: the environment is the caller’s, byte for byte', () => {
    assert.deepEqual(Buffer.from(planRuntime(start).environ), Buffer.from('A=1\0B=\xff\0', 'latin1'));
    const byte = fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.array(fc.string({ unit: byte, minLength: 1 })), variables => {
        fc.pre(!variables.some(variable => variable.startsWith('LISTEN_PID=')));
        const { environ, listenPid } = planRuntime({ ...start, environ: block(...variables) });
        assert.deepEqual(environ, block(...variables));
        assert.equal(listenPid, false);
      }),
    );
  });

  it('an empty environment is empty', () => {
    assert.equal(planRuntime({ ...start, environ: block() }).environ.length, 0);
  });

  it('R5: a LISTEN_PID that is to be the runtime’s comes last, with room for any pid', () => {
    const plan = planRuntime({ ...start, environ: block('LISTEN_PID=4242', 'LISTEN_FDS=2', 'A=1') });
    assert.equal(plan.listenPid, true);
    assert.equal(Buffer.from(plan.environ).toString(), `LISTEN_FDS=2\0A=1\0LISTEN_PID=${spare}`);
  });

  it('R5: somebody else’s LISTEN_PID keeps its place and its value', () => {
    const plan = planRuntime({ ...start, environ: block('LISTEN_PID=1', 'A=1') });
    assert.equal(plan.listenPid, false);
    assert.equal(Buffer.from(plan.environ).toString(), 'LISTEN_PID=1\0A=1\0');
  });

  it('LISTEN_PID as the only variable', () => {
    const plan = planRuntime({ ...start, environ: block('LISTEN_PID=4242') });
    assert.equal(Buffer.from(plan.environ).toString(), `LISTEN_PID=${spare}`);
  });
});

describe('LISTEN_PID', () => {
  it('R5: is replaced where it is ours, or always where the caller says so, and never where it is not set', () => {
    assert.equal(replacesListenPid(block('LISTEN_PID=42'), 42, false), true);
    assert.equal(replacesListenPid(block('LISTEN_PID=41'), 42, false), false);
    assert.equal(replacesListenPid(block('LISTEN_PID=41'), 42, true), true);
    for (const variables of [[], ['A=1'], ['LISTEN_PID'], ['XLISTEN_PID=42'], ['LISTEN_PIDS=42']])
      assert.equal(replacesListenPid(block(...variables), 42, true), false, variables.join());
  });

  it('R5: that is no pid is refused, with ten characters of it', () => {
    for (const [value, shown] of [
      ['', ''],
      ['0', '0'],
      ['-5', '-5'],
      ['x', 'x'],
      ['42abc', '42abc'],
      ['42 ', '42 '],
      ['rubbish that is long', 'rubbish th'],
    ])
      assert.throws(() => replacesListenPid(block(`LISTEN_PID=${value}`), 42, false), {
        name: 'FatalError',
        message: `Invalid LISTEN_PID ${shown}`,
      });
  });

  it('R5: any value is a number as a whole, with white space before it, or refused', () => {
    const unit = fc.constantFrom(...'0142', ...' \t\n', '+', '-', 'x', '.', '\xff');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), value => {
        const pid = Number.parseInt(/^[ \t\n]*[+-]?[0-9]+$/.exec(value)?.[0] ?? '', 10);
        const replaces = () => replacesListenPid(block(`LISTEN_PID=${value}`), 42, false);
        if (pid > 0) assert.equal(replaces(), pid === 42, JSON.stringify(value));
        else assert.throws(replaces, { message: `Invalid LISTEN_PID ${value.replaceAll('\xff', '\ufffd')}` });
      }),
      { numRuns: 1000 },
    );
  });

  it('R5: a value that is too large is refused, as strtol(3) does it; a bad one is shown as text', () => {
    for (const [value, shown] of [
      ['99999999999999999999', '9999999999'],
      ['\xc3\xa9\xff', '\xe9\ufffd'],
    ])
      assert.throws(() => replacesListenPid(block(`LISTEN_PID=${value}`), 42, true), {
        message: `Invalid LISTEN_PID ${shown}`,
      });
    assert.equal(replacesListenPid(block('LISTEN_PID=4294967296'), 42, true), true);
  });

  it('moved last, it leaves the others in their order, and occurs once', () => {
    const moved = moveListenPidLast(block('A=1', 'LISTEN_PID=1', 'B=2', 'LISTEN_PID=2'));
    assert.equal(Buffer.from(moved).toString(), `A=1\0B=2\0LISTEN_PID=${spare}`);
  });
});
