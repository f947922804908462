import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readHandoff } from '../../../src/parent/handoff.ts';
import { EACCES, EINTR, EIO } from '../../../src/sys/errno.ts';
import { createScriptedSys } from '../../../src/sys/scripted.ts';

const environFd = 5;

/** A process with these arguments and this environment. */
const scripted = (cmdline: string, environ: Uint8Array) =>
  createScriptedSys().file('/proc/self/cmdline', cmdline).file('/proc/self/environ', environ);

/** One that the launcher of the Node form has made: the caller's environment lies in a file. */
const launched = (numbers: string, environ: Uint8Array) =>
  scripted('conmon\0', Buffer.from(`_CONMON_HANDOFF=${environFd};${numbers}\0`)).arrive(
    environFd,
    ...(environ.length > 0 ? [environ] : []),
    0,
  );

const environments: Readonly<Record<string, string>> = {
  'an empty environment': '',
  'an empty value': 'A=\0NODE_OPTIONS=\0',
  'a name alone': 'A\0NODE_OPTIONS\0',
  'an empty entry, before and between': '\0A=1\0\0B=x\0\0',
  'the same name twice': 'NODE_OPTIONS=a\0A=1\0NODE_OPTIONS=b\0A=2\0',
  'names of our own': '_CONMON_HANDOFF=5,6;0\0_CONMON_KEPT_A=1\0_conmon_handoff=7\0',
  'bytes that are not UTF-8': 'A=\x80\xff\xfe\0\xc2=1\0NODE_X=\xe2\x82\0',
  'a newline and a semicolon in a value': 'NODE_OPTIONS=a\nb;0\0B=;\0',
};

/** Any bytes, the last of them a NUL. */
const anyEnviron = fc
  .uint8Array({ maxLength: 200 })
  .map(bytes => Uint8Array.from([...bytes, ...(bytes.length > 0 ? [0] : [])]));

describe('reading the handoff', () => {
  it('numbers are the verdict’s fd, the limit of open files and the inherited fds', () => {
    const expected = {
      argv: new Uint8Array(Buffer.from('--cid\0id\0')),
      environ: new Uint8Array(Buffer.from('A=1\0')),
      verdictFd: 7,
      openFilesMax: 500,
      inheritedFds: [3, 4, 20],
    };
    const executable = scripted('conmon\0--cid\0id\0', Buffer.from('A=1\0'));
    assert.deepEqual(readHandoff(executable, 1, '7,500,3,4,20'), expected);
    assert.deepEqual(
      executable.called('open').map(([, path]) => path),
      ['/proc/self/cmdline', '/proc/self/environ'],
    );
    const node = launched('7,500,3,4,20', Buffer.from('A=1\0'));
    node.file('/proc/self/cmdline', 'conmon\0--no-warnings\0/src/main.ts\0--cid\0id\0');
    assert.deepEqual(readHandoff(node, 3), expected);
  });

  it('with --sync nobody waits, and a limit may be none', () => {
    for (const handoff of [
      readHandoff(scripted('conmon\0', Buffer.alloc(0)), 1, '-1,-1'),
      readHandoff(launched('-1,-1', Buffer.alloc(0)), 1),
    ]) {
      assert.equal(handoff.verdictFd, -1);
      assert.equal(handoff.openFilesMax, -1);
      assert.deepEqual(handoff.inheritedFds, []);
    }
  });

  it('without a launcher nobody waits, nothing is inherited and the limit is not known', () => {
    assert.deepEqual(readHandoff(scripted('conmon\0-v\0', Buffer.from('A=1\0')), 1), {
      argv: new Uint8Array(Buffer.from('-v\0')),
      environ: new Uint8Array(Buffer.from('A=1\0')),
      verdictFd: -1,
      openFilesMax: undefined,
      inheritedFds: [],
    });
  });

  for (const [what, text] of Object.entries(environments))
    it(`${what}: is there as it was`, () => {
      const environ = new Uint8Array(Buffer.from(text, 'latin1'));
      assert.deepEqual(readHandoff(scripted('conmon\0', environ), 1, '-1,-1').environ, environ);
      assert.deepEqual(readHandoff(launched('-1,-1', environ), 1).environ, environ);
    });

  it('any environment is there byte for byte, in both forms', () => {
    fc.assert(
      fc.property(anyEnviron, environ => {
        assert.deepEqual(
          Buffer.from(readHandoff(scripted('c\0', environ), 1, '9,1').environ),
          Buffer.from(environ),
        );
        assert.deepEqual(Buffer.from(readHandoff(launched('9,1', environ), 1).environ), Buffer.from(environ));
      }),
    );
  });

  it('a last variable without a NUL gets one', () => {
    const environ = Buffer.from('A=1\0B=2');
    for (const handoff of [
      readHandoff(scripted('conmon\0', environ), 1),
      readHandoff(scripted('conmon\0', environ), 1, '-1,-1'),
      readHandoff(launched('-1,-1', environ), 1),
    ])
      assert.equal(Buffer.from(handoff.environ).toString(), 'A=1\0B=2\0');
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
    const environ = Buffer.from(`A=${value}\0`);
    const executable = readHandoff(scripted(`conmon\0${value}\0`, environ), 1, '9,1024');
    assert.equal(executable.argv.length, value.length + 1);
    assert.deepEqual(Buffer.from(executable.environ), environ);
    const node = readHandoff(launched('9,1024', environ), 1);
    assert.deepEqual(Buffer.from(node.environ), environ);
    assert.equal(node.environ.buffer.byteLength, environ.length); // and no more is kept
  });

  it('what fills the first buffer exactly is whole as well', () => {
    for (const length of [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1]) {
      const cmdline = `conmon\0${'x'.repeat(length - 8)}\0`;
      assert.equal(cmdline.length, length);
      assert.equal(readHandoff(scripted(cmdline, Buffer.alloc(0)), 1).argv.length, length - 7);
    }
  });

  it('the file with the environment is read to its end, past interruptions, and closed', () => {
    const sys = scripted('conmon\0', Buffer.from(`_CONMON_HANDOFF=${environFd};-1,-1\0`));
    sys.arrive(environFd, 'A=1\0B', -EINTR, '=2\0', 0);
    assert.equal(Buffer.from(readHandoff(sys, 1).environ).toString(), 'A=1\0B=2\0');
    assert.deepEqual(sys.called('close').at(-1), ['close', environFd]);
    sys.assertDone();
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

  it('a file with the environment that cannot be read is fatal', () => {
    const sys = scripted('conmon\0', Buffer.from('_CONMON_HANDOFF=5;-1,-1\0')).arrive(environFd, -EIO);
    assert.throws(() => readHandoff(sys, 1), {
      name: 'FatalError',
      message: 'Failed to read the environment from fd 5: Input/output error',
    });
  });

  it('what is no number is a mistake of ours', () => {
    for (const given of ['', 'x', '1,', '1,,2', '1;2', '9007199254740993'])
      assert.throws(
        () => readHandoff(scripted('conmon\0', Buffer.alloc(0)), 1, given),
        /handed over no number/,
        given,
      );
    for (const value of ['', ';', '5;', ';1,2', '1,2'])
      assert.throws(
        () => readHandoff(scripted('conmon\0', Buffer.from(`_CONMON_HANDOFF=${value}\0`)), 1),
        /handed over no number/,
        value,
      );
  });
});
