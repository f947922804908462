import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { endWithNul, findVariable, omitVariable, readVariable } from '../../../src/sys/environ.ts';

const blockOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('latin1');

/** Any bytes, with names, signs and NULs among them; some end without a NUL. */
const block = fc
  .array(fc.constantFrom('A=', 'AB=', 'B=1', 'A', '=', '\0', '\0', '\0A=', 'x', '\xff'), { maxLength: 20 })
  .map(parts => parts.join(''));

/** The entries of a block, as text. */
function entriesOf(text: string): string[] {
  const entries = text.split('\0');
  return entries.at(-1) === '' ? entries.slice(0, -1) : entries;
}

describe('environment', () => {
  it('the value of a name is the first one, decoded as UTF-8', () => {
    const environ = new Uint8Array(Buffer.from('AB=no\0A=é\0A=second\0'));
    assert.equal(readVariable(environ, 'A'), 'é');
    assert.equal(readVariable(blockOf('A=\xff\xc3\xa9\0'), 'A'), '\ufffdé');
    assert.equal(textOf(findVariable(blockOf('A=\xff\xc3\xa9\0'), 'A')), '\xff\xc3\xa9');
  });

  it('an empty value is one; a name alone, a longer name and none are not', () => {
    assert.equal(readVariable(blockOf('A=\0'), 'A'), '');
    for (const text of ['', '\0', 'A\0', 'AA=1\0', '=1\0', 'B=A=1\0', 'B\0', 'A\0=1\0'])
      assert.equal(readVariable(blockOf(text), 'A'), undefined, JSON.stringify(text));
  });

  it('a last variable needs no NUL, and one that is cut off is none', () => {
    assert.equal(readVariable(blockOf('B=1\0A=2'), 'A'), '2');
    assert.equal(readVariable(blockOf('B=1\0A='), 'A'), '');
    assert.equal(readVariable(blockOf('B=1\0A'), 'A'), undefined);
    assert.equal(readVariable(blockOf('B=1\0LISTEN_'), 'LISTEN_PID'), undefined);
  });

  it('in any block: found and left out as entries of text are', () => {
    fc.assert(
      fc.property(block, fc.constantFrom('A', 'AB', 'B', ''), (text, name) => {
        const entries = entriesOf(text);
        const found = entries.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1);
        assert.equal(textOf(findVariable(blockOf(text), name)), found);
        const others = entries.filter(entry => !entry.startsWith(`${name}=`));
        const whole = others.map(entry => `${entry}\0`).join('');
        assert.equal(textOf(endWithNul(omitVariable(blockOf(text), name))), whole);
      }),
      { numRuns: 1000 },
    );
  });

  it('endWithNul: a NUL behind the last, if there is anything and there is none yet', () => {
    for (const [text, whole] of [
      ['', ''],
      ['\0', '\0'],
      ['A=1\0', 'A=1\0'],
      ['A=1', 'A=1\0'],
      ['A=1\0B', 'A=1\0B\0'],
    ] as const)
      assert.equal(textOf(endWithNul(blockOf(text))), whole);
  });
});
