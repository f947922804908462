import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeError, describeMistake } from '../../../src/monitor/describe-error.ts';
import { EIO } from '../../../src/sys/errno.ts';
import { FatalError, Refusal } from '../../../src/sys/errors.ts';

const told = 'TypeError: x is no function\n    at f (/src/a.ts:1:2)\n    at /src/b.ts:3:4';

describe('describing an error', () => {
  it('one that was foreseen is its message', () => {
    assert.equal(describeError(new Refusal('no')), 'no');
    assert.equal(describeError(new FatalError('Failed', { errno: -EIO })), 'Failed: Input/output error');
  });

  it('what is no error is shown as text', () => {
    for (const thrown of ['text', 7, undefined, null]) assert.equal(describeError(thrown), String(thrown));
  });

  it('a mistake has its name and message once and its frames, with the stack of Node.js', () => {
    assert.equal(describeMistake({ name: 'TypeError', message: 'x is no function', stack: told }), told);
    const error = new RangeError('too\n\nlarge');
    assert.equal(describeError(error), error.stack);
    assert.equal(describeError(new Error('')).split('\n')[0], 'Error');
  });

  it('… and with that of QuickJS, which has the frames alone', () => {
    const stack = '    at f (/src/a.ts:1:2)\n    at /src/b.ts:3:4\n';
    assert.equal(describeMistake({ name: 'TypeError', message: 'x is no function', stack }), told);
  });

  it('a lack of memory is no mistake, and has no frames', () => {
    for (const message of ['out of memory', 'sys: out of memory']) {
      const error = Object.assign(new Error(message), { name: 'InternalError' });
      assert.equal(describeError(error), 'Out of memory');
    }
    const another = Object.assign(new Error('out of tune'), { name: 'InternalError' });
    assert.match(describeError(another), /^InternalError: out of tune\n/);
  });

  it('without a stack it is name and message', () => {
    for (const stack of ['', undefined]) {
      const error = {
        name: 'InternalError',
        message: 'x',
        ...(stack === undefined ? {} : { stack }),
      };
      assert.equal(describeMistake(error), 'InternalError: x');
    }
  });
});
