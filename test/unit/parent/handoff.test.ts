import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readHandoff, restoreVariables } from '../../../src/parent/handoff.ts';
import { joinVariables, readVariable, splitVariables } from '../../../src/parent/variables.ts';
import { EACCES } from '../../../src/sys/errno.ts';
import { createScriptedSys } from '../../../src/sys/scripted.ts';

const project = join(import.meta.dirname, '../../..');
const launcherSource = readFileSync(join(project, 'src/launcher/launcher.c'), 'utf8');
/** The beginnings of names that the launcher hides from the engine. */
const engineNames = [
  .../engine_names\[\] = \{([^}]*)\}/.exec(launcherSource)![1]!.matchAll(/"([^"]+)"/g),
].map(([, name]) => name!);
const settings = ['BUN_JSC_useWarmUpMarkedBlocks=0', 'BUN_JSC_thresholdForJITSoon=1000'];

/** What execve(2) is handed by the launcher for a caller's environment: a model of src/launcher/launcher.c. */
function launch(
  variables: readonly string[],
  verdictFd = 9,
  openFilesMax = 1024,
  fds: readonly number[] = [],
) {
  const hidden: number[] = [];
  const passed = variables.map((variable, i) => {
    const acts = engineNames.some(name => variable.toLowerCase().startsWith(name.toLowerCase()));
    if (!acts) return variable;
    hidden.push(i);
    return String.fromCharCode(variable.charCodeAt(0) + 0x80) + variable.slice(1);
  });
  const numbers = [verdictFd, openFilesMax, ...fds].join(',');
  return [...passed, `_CONMON_HANDOFF=${numbers};${hidden.join(',')}`, ...settings];
}

const environOf = (variables: readonly string[]) =>
  Buffer.from(variables.map(variable => `${variable}\0`).join(''), 'latin1');

/** Any entry of an environment: any bytes but NUL, often with a name that the launcher or the monitor looks for. */
const entry = fc
  .tuple(
    fc.constantFrom(
      ...[
        '',
        '=',
        'PATH=',
        'LISTEN_PID=',
        '_CONMON_',
        '_CONMON_HANDOFF=',
        '_CONMON_HANDOFF=1,2;3',
        '_conmon_x=',
      ],
      ...engineNames,
      ...engineNames.map(name => name.toLowerCase()),
      ...engineNames.map(name => `X${name}`),
    ),
    fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 12 }),
  )
  .map(([beginning, bytes]) => beginning + String.fromCharCode(...bytes));

describe('handoff', () => {
  it('the table of names that act on the engine was found in the launcher', () => {
    assert.ok(engineNames.length >= 15);
    for (const name of ['BUN_', 'NODE_', '_CONMON_']) assert.ok(engineNames.includes(name), name);
  });

  it('any environment comes back from the launcher byte for byte, in its order, with what occurs twice', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), callers => {
        const environ = environOf(launch(callers));
        const { variables, numbers } = restoreVariables(splitVariables(environ));
        assert.deepEqual(variables, callers);
        assert.deepEqual(numbers, [9, 1024]);
        assert.deepEqual(Buffer.from(joinVariables(variables)), environOf(callers));
      }),
      { numRuns: 500 },
    );
  });

  for (const [what, callers] of Object.entries({
    'an empty environment': [],
    'an empty value': ['A=', 'NODE_OPTIONS='],
    'a name alone': ['A', 'NODE_OPTIONS', 'BUN_'],
    'an empty entry, before and between': ['', 'A=1', '', 'NODE_OPTIONS=x', ''],
    'the same name twice': ['NODE_OPTIONS=a', 'A=1', 'NODE_OPTIONS=b', 'A=2'],
    'names of our own': ['_CONMON_HANDOFF=5,6;0', '_CONMON_KEPT_A=1', '_conmon_handoff=7'],
    'bytes that are not UTF-8': ['A=\x80\xff\xfe', '\xc2=1', 'NODE_X=\xe2\x82'],
    'a newline and a semicolon in a value': ['NODE_OPTIONS=a\nb;0', 'B=;'],
  }))
    it(`${what}: comes back as it was`, () => {
      const restored = restoreVariables(splitVariables(environOf(launch(callers))));
      assert.deepEqual(restored.variables, callers);
    });

  it('without a launcher all variables are the caller’s, and there are no numbers', () => {
    const callers = ['A=1', 'BUN_X=1', 'NODE_OPTIONS='];
    assert.deepEqual(restoreVariables(callers), { variables: callers, numbers: [] });
  });
});

describe('reading the handoff', () => {
  const scripted = (cmdline: string, environ: Uint8Array) =>
    createScriptedSys().file('/proc/self/cmdline', cmdline).file('/proc/self/environ', environ);

  it('numbers are the verdict’s fd, the limit of open files and the inherited fds', () => {
    const sys = scripted('conmon\0--cid\0id\0', environOf(launch(['A=1'], 7, 500, [3, 4, 20])));
    assert.deepEqual(readHandoff(sys, 1), {
      argv: new Uint8Array(Buffer.from('--cid\0id\0')),
      variables: ['A=1'],
      verdictFd: 7,
      openFilesMax: 500,
      inheritedFds: [3, 4, 20],
    });
  });

  it('with --sync nobody waits, and a limit may be none', () => {
    const handoff = readHandoff(scripted('conmon\0', environOf(launch([], -1, -1))), 1);
    assert.equal(handoff.verdictFd, -1);
    assert.equal(handoff.openFilesMax, -1);
    assert.deepEqual(handoff.inheritedFds, []);
  });

  it('without a launcher nobody waits, nothing is inherited and the limit is not known', () => {
    const handoff = readHandoff(scripted('conmon\0-v\0', Buffer.from('A=1\0')), 1);
    assert.deepEqual(
      [handoff.verdictFd, handoff.openFilesMax, handoff.inheritedFds, handoff.variables],
      [-1, undefined, [], ['A=1']],
    );
  });

  it('the engine’s own arguments are left out, and empty ones of the caller are kept', () => {
    const sys = scripted('conmon\0--no-warnings\0/src/main.ts\0--runtime-arg\0\0--\0', Buffer.alloc(0));
    assert.deepEqual(Buffer.from(readHandoff(sys, 3).argv).toString(), '--runtime-arg\0\0--\0');
  });

  it('no arguments are none', () => {
    assert.equal(readHandoff(scripted('conmon\0', Buffer.alloc(0)), 1).argv.length, 0);
  });

  it('arguments and environment of a megabyte are read whole', () => {
    const value = 'x'.repeat(1_000_000);
    const handoff = readHandoff(scripted(`conmon\0${value}\0`, environOf(launch([`A=${value}`]))), 1);
    assert.equal(handoff.argv.length, value.length + 1);
    assert.equal(handoff.variables[0]!.length, value.length + 2);
    assert.equal(handoff.verdictFd, 9);
  });

  it('what fills the first buffer exactly is whole as well', () => {
    for (const length of [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1]) {
      const cmdline = `conmon\0${'x'.repeat(length - 8)}\0`;
      assert.equal(cmdline.length, length);
      assert.equal(readHandoff(scripted(cmdline, Buffer.alloc(0)), 1).argv.length, length - 7);
    }
  });

  it('a /proc that cannot be read is fatal, and named', () => {
    for (const path of ['/proc/self/cmdline', '/proc/self/environ']) {
      const sys = scripted('conmon\0', Buffer.alloc(0)).file(path, -EACCES);
      assert.throws(() => readHandoff(sys, 1), {
        name: 'FatalError',
        message: `Failed to read ${path}: Permission denied`,
      });
    }
  });
});

describe('variables', () => {
  it('the value of a name is the first one, decoded as UTF-8', () => {
    const variables = splitVariables(Buffer.from('AB=no\0A=é\0A=second\0'));
    assert.equal(readVariable(variables, 'A'), 'é');
  });

  it('an empty value is one; a name alone, a longer name and none are not', () => {
    assert.equal(readVariable(['A='], 'A'), '');
    for (const variables of [['A'], ['AA=1'], ['=1'], []])
      assert.equal(readVariable(variables, 'A'), undefined);
  });
});
